"""Delivery under faults: findings, processes that are killed, and EHRs that misbehave.

`python -m tests.faults.harness [--findings N] [--kills N] [--personality NAME]` sends findings to
EHRs of five personalities through a proxy that spoils connections, kills the delivery process at
named places and at random, and counts at the end what each chart holds. A control that posts
naively runs under the same faults and has to double Flags, or the harness sees nothing.
"""
