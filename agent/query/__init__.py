"""Questions over stored incidents: read into a closed query, run read-only, answered with ids."""
