"""The running gateway: opens what has to be opened, hands it to the container, and closes it in reverse order.

Beside the container the only place that names adapters.
"""
