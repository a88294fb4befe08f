-- The requests that took longest, from their first byte to the answer.
--   since=1970-01-01  the first day
--   limit=20          how many
SELECT p.seconds, p.answered_at, p.request_id, p.model, p.revision, p.transport, p.door, p.rows
FROM predictions AS p
WHERE p.row = 0 AND p.answered_at >= :since
ORDER BY p.seconds DESC, p.answered_at, p.key
LIMIT :limit
