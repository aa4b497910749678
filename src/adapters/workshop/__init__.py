"""Looking into files and converting them, with Pillow and FFmpeg, in processes of their own."""
