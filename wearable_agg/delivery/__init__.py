"""From a finding to the chart: outbox, attempts, verification, and what the page reads of it."""
