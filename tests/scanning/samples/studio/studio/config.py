import os

DRAFT_MODEL = "sora-2"
FINAL_MODEL = os.environ.get("STUDIO_MODEL", f"{DRAFT_MODEL}-pro")
VEO = {"fast": "veo-3.0-fast-generate-001", "best": "veo-3.1-generate-001"}
REEL = "amazon.nova-reel-v1:1"
SIZE = "720x1280"
