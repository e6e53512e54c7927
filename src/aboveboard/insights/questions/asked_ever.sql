    -- Of all that is kept until the period's end: what is new is known from what was before.
    asked_ever AS MATERIALIZED (
        SELECT session FROM {{ rows("_sessions") }}
        WHERE toDate(time) <= {until:Date}
            AND ({version:String} = '' OR app_version = {version:String})
            AND ({os:String} = '' OR os = {os:String})
            --% for where in wheres
            AND session IN (
                SELECT session FROM {{ rows(where.table) }}
                WHERE toDate(time) <= {latest:Date}
                    AND ifNull(toString({{ where.column }}), '') = {{ where.value }}
            )
            --% endfor
    ),
