"""What each column of the table is, forward written and backward derived, and where it stands on a sheet."""
