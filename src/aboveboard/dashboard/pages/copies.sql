-- Of the installs of 30 days, how many ran on two systems or processors on one day: copies of one?
SELECT uniqExact(user_id) AS copied
FROM (
    SELECT user_id
    FROM {project:Identifier}._sessions
    WHERE user_id != 0 AND toDate(time) > {today:Date} - 30
        AND os IS NOT NULL AND arch IS NOT NULL
    GROUP BY user_id, toDate(time)
    HAVING uniqExact(os, arch) > 1
)
