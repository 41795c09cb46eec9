"""Sandbox Pay: a pretend payment company, with a memory, pages and a clock of its own.

It stands for the outside world. It imports nothing of Zetel but the clock, keeps its own tables, and is reached
only through `company` (its "server"), its hosted pages, and the webhooks it sends. No real money is ever involved.
"""
