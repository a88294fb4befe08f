-- Inputs that two revisions of a model answered with different labels, the newest first, and the true one where known.
--   since=1970-01-01  the first day
--   limit=20          how many
WITH numbered AS (
    SELECT p.*, ROW_NUMBER() OVER (
        PARTITION BY p.model, p.inputs, p.inputs_form, p.revision, p.label
        ORDER BY p.answered_at DESC, p.key, p.row
    ) AS place
    FROM predictions AS p
    WHERE p.label IS NOT NULL AND p.answered_at >= :since
), latest AS (
    SELECT n.*, f.label AS true_label
    FROM numbered AS n
    LEFT JOIN feedback AS f ON f.request_id = n.request_id AND f.row = n.row
    WHERE n.place = 1
)
SELECT a.model,
       a.revision, a.label, a.request_id, a.row,
       b.revision AS other_revision, b.label AS other_label, b.request_id AS other_request_id, b.row AS other_row,
       COALESCE(a.true_label, b.true_label) AS true_label
FROM latest AS a
JOIN latest AS b
  ON b.model = a.model AND b.inputs = a.inputs AND b.inputs_form = a.inputs_form
 AND b.revision > a.revision AND b.label <> a.label
ORDER BY a.answered_at DESC, a.key, a.row, b.answered_at DESC, b.key, b.row
LIMIT :limit
