"""What every comparison with a vendor's official SDK needs: environments, drivers, a recorder, a served simulator."""
