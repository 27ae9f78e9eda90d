"""What is fast on which device, behind one name."""

from __future__ import annotations

import torch


def best_dtype(device: torch.device) -> torch.dtype:
    """bfloat16 where the hardware multiplies it. Without such instructions it is far slower than float32."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    multiplies = torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.bfloat16 if multiplies and device.type == "cpu" else torch.float32
