    -- The first day with data, if it lies in the period; the period's first day if there was any
    -- before it. Whether there was is known from one row.
    known AS (
        SELECT if(count() = 0, NULL, min(day)) AS first FROM (
            SELECT {since:Date} AS day FROM (
                SELECT 1 FROM {{ rows("_sessions") }} WHERE toDate(time) < {since:Date} LIMIT 1
            )
            UNION ALL
            SELECT min(toDate(time)) AS day FROM {{ rows("_sessions") }}
            WHERE toDate(time) BETWEEN {since:Date} AND {until:Date}
            HAVING count() > 0
        )
    ),
