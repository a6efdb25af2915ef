"""The heads of a Dia and their loss as one operation, which never holds the logits of all codebooks at once.

Axis suffixes: R rows (windows times frames), K codebooks, V vocabulary, D width of the decoder.
"""

from typing import Any

import torch
from torch import Tensor

from legato.dia.batches import IGNORED


# Key idea: cross-entropy's gradient is softmax(logits) - one hot, times the label's weight, and all of it is known as
# soon as the logits are. So each codebook's logits, 2 MB of the default model, are made, turned into the loss, then in
# place into the gradient, then multiplied into the gradients of the weights and of what the heads read, while the
# processor's cache holds them. Autograd's way writes and reads the logits of all codebooks, 38 MB, about ten times.
class HeadLosses(torch.autograd.Function):
    """Each label's loss, and the sum of all, weighted, which alone has a gradient.

    The losses are those of `torch.nn.functional.cross_entropy` to the last bit; gradients differ in the order of
    additions over the codebooks.
    """

    @staticmethod
    def forward(ctx: Any, read_RD: Tensor, heads_KVD: Tensor, labels_RK: Tensor, weights_RK: Tensor) -> Any:
        losses_RK = torch.empty_like(weights_RK)
        of_read_RD, of_heads_KVD = torch.zeros_like(read_RD), torch.empty_like(heads_KVD)
        for k, head_VD in enumerate(heads_KVD):
            label_R1, weight_R1 = labels_RK[:, k : k + 1].clamp(min=0), weights_RK[:, k : k + 1]
            log_p_RV = torch.log_softmax(read_RD @ head_VD.T, dim=1)
            losses_RK[:, k : k + 1] = -log_p_RV.gather(1, label_R1)
            of_logits_RV = log_p_RV.exp_().mul_(weight_R1).scatter_add_(1, label_R1, -weight_R1)
            torch.mm(of_logits_RV.T, read_RD, out=of_heads_KVD[k])
            of_read_RD.addmm_(of_logits_RV, head_VD)
        losses_RK.masked_fill_(labels_RK == IGNORED, 0)
        ctx.save_for_backward(of_read_RD, of_heads_KVD)
        ctx.mark_non_differentiable(losses_RK)
        return losses_RK, (losses_RK * weights_RK).sum()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        of_read_RD, of_heads_KVD = ctx.saved_tensors
        return of_read_RD * gradients[1], of_heads_KVD * gradients[1], None, None
