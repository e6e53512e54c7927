"""How much a write key, and an install, may send: so that no one sender fills what all others use.

A limit is a number of events, sessions or new installs in a minute or a day. Whoever is over one is
answered with 429 and told when to come back; nothing of the delivery is stored. The numbers and
what each counts are in limits.py; buckets.py remembers who has sent how much, known.py which
installs are not new, both in a fixed amount of memory whatever ids are sent; gate.py decides.

What is counted is lost at a restart: a sender that was over a limit begins anew.
"""
