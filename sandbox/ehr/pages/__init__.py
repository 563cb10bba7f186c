"""What a clinician sees: the work-list and the chart with the app in a frame."""
