"""A demo EHR, vendor simulators and a patient simulator. Imports nothing of the product."""
