    asked AS MATERIALIZED (
        --% if by_start
        SELECT session FROM {{ rows("sessions") }} -- only starts tell a version or a system
        --% else
        SELECT session FROM {{ rows("_sessions") }}
        --% endif
        WHERE toDate(time) BETWEEN {earliest:Date} AND {until:Date}
            --% if take_all
            AND {{ taken }}
            --% endif
            AND ({version:String} = '' OR app_version = {version:String})
            AND ({os:String} = '' OR os = {os:String})
            --% for where in wheres
            AND session IN (
                SELECT DISTINCT session FROM {{ rows(where.table) }} -- a list of all rows takes twice as long
                WHERE toDate(time) BETWEEN {earliest:Date} AND {latest:Date}
                    --% if take_all
                    AND {{ taken }}
                    --% endif
                    AND ifNull(toString({{ where.column }}), '') = {{ where.value }}
            )
            --% endfor
    ),
