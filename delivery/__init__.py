"""What is delivered, looked at: the images, and what of others is in them.

    make image-report    size, distributions and largest files of the images, and an SBOM of each (image_report.py)
    make notices         THIRD_PARTY_NOTICES.md, written anew (notices.py)

Nobody imports it; the program is built without it.
"""
