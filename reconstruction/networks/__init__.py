"""The networks: segmentation and reconstruction, their training and scores."""
