"""The generator: text to video and sound by a latent rectified-flow transformer trained by inference/train."""
