{#
What a difference needs beside it: the same x and y by bucket, a hash of the install, so that an
install is in the same bucket on both sides (statistics/differences.py has as many of them). A column
that ends in `_buckets` holds them: those of x, and those of y; only where `compared`.
#}

{# In the CTE with a row an install, which others call `weighed`: #}
{%- macro bucket(install) -%}
toUInt16(intHash64({{ install }}) % 256) AS bucket
{%- endmacro %}

{# Of shares that have one x in common: #}
{%- macro buckets_of_all(y, x) -%}
tuple((SELECT sumMap([bucket], [toFloat64({{ x }})]) FROM weighed), sumMap([bucket], [toFloat64({{ y }})]))
{%- endmacro %}

{# Of shares whose rows have an x each: #}
{%- macro buckets_of_own(y, x) -%}
tuple(sumMap([bucket], [toFloat64({{ x }})]), sumMap([bucket], [toFloat64({{ y }})]))
{%- endmacro %}

{# Of a count, in a CTE with a row an install or a bucket: #}
{%- macro buckets(y) -%}
sumMap([bucket], [toFloat64({{ y }})])
{%- endmacro %}

{#
What an interval needs of a share of y in x, both counted an install: sums over the installs, which
statistics/estimates.py reads in this order. A column that ends in `_sums` holds them:

    installs, Σx, Σx², Σy, Σy², Σxy, Σ(wy)², Σw²xy, Σ(wx)², Σvx, Σvy, max y, Σ(y²/x)
    w = 1 / (1 - x / Σx),  v = min(1, c / x),  c = 10 times the geometric mean of x

An install is drawn as a whole, so its sums stay together; w is what leaving one out makes of its
residual, v what makes a busy one count as ten typical ones at most (docs/statistics.md).
#}

{# How much of x counts where a share is to be robust, if each row stands for so many installs: #}
{%- macro most(x, over="", stands_for="1") -%}
{%- if stands_for == "1" -%}
10 * exp(avgIf(log({{ x }}), {{ x }} > 0) OVER ({{ over }}))
{%- else -%}
10 * exp(avgWeightedIf(log({{ x }}), {{ stands_for }}, {{ x }} > 0) OVER ({{ over }}))
{%- endif -%}
{%- endmacro %}

{%- macro light(y, x, most) -%}
sum(toFloat64({{ y }}) * if({{ x }} > {{ most }}, {{ most }} / {{ x }}, 1.))
{%- endmacro %}

{# Of shares that have one x in common. In a CTE with a row an install and a column `x` (or, `within`
   a `PARTITION BY`, a row an install and a part, whose shares have one in common): #}
{%- macro weigh(x, within="") -%}
sum({{ x }}) OVER ({{ within }}) AS all_{{ x }}
            , 1 / (1 - {{ x }} / all_{{ x }}) AS weight_{{ x }}
            , {{ most(x, within) }} AS most_{{ x }}
{%- endmacro %}

{# In the CTE after it: #}
{%- macro square(x, within="") -%}
sum(pow({{ x }}, 2)) OVER ({{ within }}) AS square_{{ x }}
            , sum(pow(weight_{{ x }} * {{ x }}, 2)) OVER ({{ within }}) AS weighed_{{ x }}
            , sum(least(toFloat64({{ x }}), most_{{ x }})) OVER ({{ within }}) AS light_{{ x }}
            , count() OVER ({{ within }}) AS n
{%- endmacro %}

{# Where those rows are joined to what each install did, and grouped by what is told apart. An
   install without a row of its own (nobody) has zeros there, so the greatest is the common one. #}
{%- macro of_all(y, x) -%}
[
        toFloat64(max(n)), toFloat64(max(all_{{ x }})), max(square_{{ x }})
        , toFloat64(sum({{ y }})), sum(pow({{ y }}, 2)), sum(toFloat64({{ x }}) * {{ y }})
        , sum(pow(weight_{{ x }} * {{ y }}, 2)), sum(pow(weight_{{ x }}, 2) * {{ x }} * {{ y }})
        , max(weighed_{{ x }})
        , max(light_{{ x }}), {{ light(y, x, "most_" ~ x) }}, toFloat64(max({{ y }}))
        , sumIf(pow({{ y }}, 2) / {{ x }}, {{ y }} != 0)
    ]
{%- endmacro %}

{# The same for something that nobody did, in a row of its own: #}
{%- macro of_all_none(x) -%}
[
            toFloat64(count()), toFloat64(max(all_{{ x }})), max(square_{{ x }})
            , 0, 0, 0, 0, 0, max(weighed_{{ x }})
            , max(light_{{ x }}), 0, 0, 0
        ]
{%- endmacro %}

{# Of shares whose rows have an x each: grouped by the row, with `weight` told over its installs, and
   `most` by the macro above. Where a row `stands_for` many installs, y is zero or it is itself alone:
   so what is guessed is x, and its error adds to that of the share. #}
{%- macro of_own(y, x, stands_for="1") -%}
{%- set times = "" if stands_for == "1" else " * " ~ stands_for -%}
[
                toFloat64({{ "count()" if stands_for == "1" else "sum(" ~ stands_for ~ ")" }}), toFloat64(sum({{ x }}{{ times }})), sum(pow({{ x }}, 2){{ times }})
                , toFloat64(sum({{ y }})), sum(pow({{ y }}, 2)), sum(toFloat64({{ x }}) * ({{ y }}))
                , sum(pow(weight * ({{ y }}), 2)), sum(pow(weight, 2) * {{ x }} * ({{ y }}))
                , sum(pow(weight * {{ x }}{{ times }}, 2))
                , sum(least(toFloat64({{ x }}), most){{ times }}), {{ light(y, x, "most") }}, toFloat64(max({{ y }}))
                , sum(pow({{ y }}, 2) / {{ x }})
            ]
{%- endmacro %}

{# Of shares of installs: some of `of`. #}
{%- macro of_installs(some, of) -%}
arrayMap(
        part -> toFloat64(part)
        , [{{ of }}, {{ of }}, {{ of }}, {{ some }}, {{ some }}, {{ some }}]
    ) || arrayMap(part -> part * pow({{ of }} / ({{ of }} - 1), 2), [{{ some }}, {{ some }}, {{ of }}])
    || [toFloat64({{ of }}), toFloat64({{ some }}), toFloat64({{ some }} > 0), toFloat64({{ some }})]
{%- endmacro %}
