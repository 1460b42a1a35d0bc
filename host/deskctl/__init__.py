"""deskctl, the technician's tool: boxes are set up, looked at and saved over a serial cable, with no network."""
