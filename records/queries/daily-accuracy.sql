-- How often each revision was right on each day (UTC), among the predictions whose true label is known.
--   since=1970-01-01  the first day
SELECT date(p.answered_at) AS day, p.model, p.revision,
       COUNT(*) AS labelled,
       SUM(CASE WHEN p.label = f.label THEN 1 ELSE 0 END) AS correct,
       ROUND(AVG(CASE WHEN p.label = f.label THEN 1.0 ELSE 0.0 END), 4) AS accuracy
FROM predictions AS p
JOIN feedback AS f ON f.request_id = p.request_id AND f.row = p.row
WHERE p.label IS NOT NULL AND p.answered_at >= :since
GROUP BY date(p.answered_at), p.model, p.revision
ORDER BY day, p.model, p.revision
