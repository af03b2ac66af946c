from __future__ import annotations

import pytest
import timm
import torch

from models.networks.encoder_stage import encoder_stage


@pytest.mark.parametrize("name", ["tf_efficientnet_lite0", "resnet18", "xception41"])
def test_the_stage_ends_in_the_features_that_the_encoder_hands_out(name: str) -> None:
    """Whichever of timm's three wrappers the encoder comes in."""
    encoder = timm.create_model(name, pretrained=False, features_only=True, in_chans=1).eval()
    stages = [encoder_stage(encoder, stride) for stride in (8, 16)]
    seen: list[torch.Tensor] = []
    handles = [stage.register_forward_hook(lambda _m, _i, output: seen.append(output)) for stage in stages]
    with torch.inference_mode():
        features = encoder(torch.randn(1, 1, 64, 64, generator=torch.Generator().manual_seed(0)))
    for handle in handles:
        handle.remove()
    assert [each.shape[-1] for each in seen] == [8, 4]
    assert torch.equal(seen[0], features[2])
    assert torch.equal(seen[1], features[3])
