"""The side wing that answers for providers: their wire, their clock, their charges, their faults, their films."""
