"""The split and the roles of one gateway, from the process that runs it or from any other on the machine.

What is asked stands in the state directory's files; what is in force, Envoy says. Both are read where they are known:
nothing is kept in this object, so two of them on one directory are as good as one.
"""

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from promotion.routers.canary_percent import refuse_impossible_percent
from promotion.routers.envoy.admin import EnvoyAdmin
from promotion.routers.envoy.errors import RevisionNotConfirmed, StepOutOfOrder
from promotion.routers.envoy.readiness import find_unreadiness, poll
from promotion.routers.envoy.revisions import (
    RevisionEndpoint,
    Revisions,
    Role,
    read_endpoints_document,
    to_endpoints_document,
)
from promotion.routers.envoy.routes import RouteTable
from promotion.routers.envoy.state_directory import LOG, ROUTES, StateDirectory, endpoints_file
from promotion.routers.traffic_router import (
    RouterUnreachable,
    Split,
    SplitConflict,
    SplitNotConfirmed,
)


class EnvoyRouter:
    """TrafficRouter over the gateway of a state directory, which also gives revisions their roles.

    Every call but read_revisions raises RouterUnreachable, naming the directory, when no gateway runs there.
    """

    def __init__(self, directory: Path, *, restore_timeout_seconds: float = 10.0) -> None:
        self._state = StateDirectory(directory)
        self._admin = EnvoyAdmin(directory)
        self._restore_timeout_seconds = restore_timeout_seconds

    def read_split(self) -> Split:
        """The split that was last written, whether or not it is in force yet."""
        self._require_gateway()
        return self._read_table().split

    def write_split(self, canary_percent: int, since: Split) -> Split:
        """As the seam says; StepOutOfOrder for a share above 0 % while no revision is the canary."""
        refuse_impossible_percent(canary_percent)
        return self._write_since(since, canary_percent, mirrors=False)

    def write_mirror(self, since: Split) -> Split:
        """As the seam says; StepOutOfOrder while no revision is the canary."""
        return self._write_since(since, 0, mirrors=True)

    def confirm_split(self, split: Split, timeout_seconds: float) -> None:
        """Return once Envoy routes by `split` and, where the canary gets requests by it, holds that for healthy."""

        def missing() -> str | None:
            table = self._read_table()
            if table.split.written_as != split.written_as:
                raise SplitNotConfirmed(
                    f"{self._state.path}: {split.canary_percent} % was replaced by {table.split.canary_percent} %"
                )
            if self._admin.read_token_in_force() != split.written_as:
                if self._admin.count_refusals() > table.refusals_before:
                    raise SplitNotConfirmed(f"Envoy refuses the split; {self._state.path / LOG} says why")
                return "Envoy still routes by an earlier split"
            canary = self._admin.read_endpoint("canary")
            if (split.canary_percent > 0 or split.mirrors) and (canary is None or not canary.is_healthy):
                return "the canary does not answer as ready"
            return None

        reason = poll(missing, timeout_seconds)
        if reason is not None:
            raise SplitNotConfirmed(
                f"{self._state.path}: {split.canary_percent} % is not in force after {timeout_seconds:g} s: {reason}"
            )

    def restore_stable(self) -> None:
        """As the seam says. Others' writes wait meanwhile, so that none can pass between the write and its proof."""
        with self._state.locked("split"):
            written = self._write_table(self._read_table(), 0, mirrors=False)
            self.confirm_split(written, self._restore_timeout_seconds)

    def read_revisions(self) -> Revisions:
        """Who was last assigned; also answered while the gateway is stopped, to start it again with the same roles.

        Raises RouterUnreachable where there has never been a gateway. Can be repeated.
        """
        try:
            stable = read_endpoints_document(self._state.read(endpoints_file("stable")))
            canary = read_endpoints_document(self._state.read(endpoints_file("canary")))
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise RouterUnreachable(f"{self._state.path}: the files in eds are none that a gateway wrote") from error
        if stable is None:
            raise RouterUnreachable(f"{self._state.path}: {endpoints_file('stable')} names no revision")
        return Revisions(stable=stable, canary=canary)

    def assign(self, role: Role, revision: RevisionEndpoint | None, timeout_seconds: float = 10.0) -> None:
        """Give `role` to `revision` (None: to nobody) and return once exactly that is in force.

        No request fails: the revision answers as ready before anything is written, and what the one before it has in
        flight is finished. Can be repeated. Raises ValueError for a stable that is nobody; StepOutOfOrder for another
        canary while this one gets requests, or copies of them; RevisionNotConfirmed when the revision is not ready, or
        Envoy has not taken it, within `timeout_seconds` each, and then the role is as it was.
        """
        if role == "stable" and revision is None:
            raise ValueError("stable cannot be nobody: everything that is not split goes there")
        with self._state.locked("revisions"):
            before = self.read_revisions().of(role)
            self._refuse_change_under_traffic(role, before, revision)
            if revision is not None:
                reason = poll(lambda: find_unreadiness(revision), timeout_seconds)
                self._refuse_unconfirmed(role, revision, reason, timeout_seconds)
            with self._state.locked("split"):  # so that no split rises between the look and the write
                self._refuse_change_under_traffic(role, before, revision)
                self._state.write(endpoints_file(role), to_endpoints_document(role, revision))
            try:
                reason = poll(lambda: self._find_unserved(role, revision), timeout_seconds)
                self._refuse_unconfirmed(role, revision, reason, timeout_seconds)
            except BaseException:  # an interruption, too, leaves the role as it was
                self._state.write(endpoints_file(role), to_endpoints_document(role, before))
                raise

    def adopt_canary(self, timeout_seconds: float = 10.0) -> None:
        """Make the canary's revision the stable one, with no request failed and no process restarted.

        The last step of a promotion, from a split of 100 %: stable becomes the same revision, the split goes to 0 %,
        and nobody is the canary. Repeated after an interruption it goes on where it was. Raises StepOutOfOrder below
        100 % or with no canary; SplitConflict; SplitNotConfirmed; RevisionNotConfirmed.
        """
        split = self.read_split()
        revisions = self.read_revisions()
        if revisions.canary is None:
            raise StepOutOfOrder(f"{self._state.path}: no revision is the canary, so there is none to adopt")
        if revisions.stable != revisions.canary:
            if split.canary_percent != 100:
                raise StepOutOfOrder(
                    f"{self._state.path}: the canary gets {split.canary_percent} %; it is adopted from 100 % only"
                )
            self.confirm_split(split, timeout_seconds)
            self.assign("stable", revisions.canary, timeout_seconds)
        self.confirm_split(self.write_split(0, since=split), timeout_seconds)
        self.assign("canary", None, timeout_seconds)

    def _require_gateway(self) -> None:
        """Raise RouterUnreachable unless Envoy answers: the files of a gateway that is gone say nothing of traffic."""
        self._admin.is_live()

    def _read_table(self) -> RouteTable:
        try:
            return RouteTable.from_document(self._state.read(ROUTES))
        except (KeyError, IndexError, TypeError) as error:
            raise RouterUnreachable(f"{self._state.path / ROUTES} is no split that a gateway wrote") from error

    def _write_since(self, since: Split, canary_percent: int, *, mirrors: bool) -> Split:
        self._require_gateway()
        with self._state.locked("split"):
            table = self._read_table()
            if table.split.written_as != since.written_as:
                raise SplitConflict(
                    f"{self._state.path}: somebody has written {table.split.canary_percent} % since "
                    f"{since.canary_percent} % was read; read the split again"
                )
            if (canary_percent > 0 or mirrors) and self.read_revisions().canary is None:
                what = "a mirror" if mirrors else f"{canary_percent} %"
                raise StepOutOfOrder(
                    f"{self._state.path}: no revision is the canary, so {what} has nowhere to go; assign one first"
                )
            return self._write_table(table, canary_percent, mirrors=mirrors)

    def _write_table(self, table: RouteTable, canary_percent: int, *, mirrors: bool) -> Split:
        written = Split(canary_percent, uuid4().hex, mirrors)
        after = replace(table, split=written, refusals_before=self._admin.count_refusals())
        self._state.write(ROUTES, after.to_document())
        return written

    def _refuse_change_under_traffic(
        self, role: Role, before: RevisionEndpoint | None, after: RevisionEndpoint | None
    ) -> None:
        split = self.read_split()
        if role == "canary" and (split.canary_percent > 0 or split.mirrors) and after != before:
            what = "copies" if split.mirrors else f"{split.canary_percent} %"
            raise StepOutOfOrder(
                f"{self._state.path}: the canary gets {what} of the requests; "
                "write 0 % before somebody else takes its role"
            )

    def _find_unserved(self, role: Role, revision: RevisionEndpoint | None) -> str | None:
        served = self._admin.read_endpoint(role)
        if (None if served is None else served.revision) != revision:
            return f"Envoy has not taken {endpoints_file(role)}; {LOG} may say why"
        if served is not None and not served.is_healthy:
            return f"Envoy does not hold {served.revision.address} for healthy"
        return None

    def _refuse_unconfirmed(
        self, role: Role, revision: RevisionEndpoint | None, reason: str | None, timeout_seconds: float
    ) -> None:
        if reason is not None:
            raise RevisionNotConfirmed(
                f"{self._state.path}: {revision.name if revision else 'nobody'} is not {role} after "
                f"{timeout_seconds:g} s, which stays as it was: {reason}"
            )
