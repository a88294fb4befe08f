-- Which class is taken for which other one most often; `share` is of all that is truly the first one.
--   since=1970-01-01  the first day
--   limit=20          how many pairs
WITH known AS (
    SELECT p.model, p.revision, f.label AS true_label, p.label AS answered, COUNT(*) AS times
    FROM predictions AS p
    JOIN feedback AS f ON f.request_id = p.request_id AND f.row = p.row
    WHERE p.label IS NOT NULL AND p.answered_at >= :since
    GROUP BY p.model, p.revision, f.label, p.label
), shares AS (
    SELECT known.*, ROUND(1.0 * times / SUM(times) OVER (PARTITION BY model, revision, true_label), 4) AS share
    FROM known
)
SELECT model, revision, true_label, answered, times, share
FROM shares
WHERE true_label <> answered
ORDER BY times DESC, share DESC, model, revision, true_label, answered
LIMIT :limit
