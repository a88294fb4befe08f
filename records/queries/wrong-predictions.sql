-- Predictions whose true label is another one, those first of which the model was most certain.
--   since=1970-01-01  the first day
--   limit=20          how many
SELECT p.probability, p.label, f.label AS true_label, p.model, p.revision, p.answered_at, p.request_id, p.row
FROM predictions AS p
JOIN feedback AS f ON f.request_id = p.request_id AND f.row = p.row
WHERE p.label <> f.label AND p.answered_at >= :since
ORDER BY p.probability DESC, p.answered_at, p.key, p.row
LIMIT :limit
