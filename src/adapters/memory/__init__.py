"""The stores in this process's memory: for simulations and for tests of whatever stands above the ports."""
