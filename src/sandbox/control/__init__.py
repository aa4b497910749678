"""The control API: what a person does with a phone, and the faults to inject."""
