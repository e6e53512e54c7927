"""Who a request comes from: its write key, or somebody who has signed in, and what each may do."""
