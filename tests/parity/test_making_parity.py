"""Making tensors and asking about them: the functions, their keywords and what they refuse, one expression each."""

import numpy as np
import pytest

MAKING = [
    "torch.arange(5.5)",
    "torch.arange(True)",
    "torch.arange(1,2,0.3)",
    "torch.arange(0,10,2.5,dtype=torch.int32)",
    "torch.arange(start=1,end=3)",
    "torch.arange(end=3)",
    "torch.arange(torch.tensor(3))",
    "torch.arange(300,dtype=torch.uint8)[-1]",
    "torch.arange(2**53,2**53+3)",
    "torch.arange(5,0,-2)",
    "torch.arange(3,dtype=torch.float16)",
    "torch.range(0,3)",
    "torch.range(1,4,0.5)",
    "torch.range(0,3,dtype=torch.int64)",
    "torch.linspace(0,10,5,dtype=torch.int64)",
    "torch.linspace(0,1,0)",
    "torch.linspace(0,1,1)",
    "torch.linspace(torch.tensor(0.),torch.tensor(1),3)",
    "torch.linspace(0,1j,3)",
    "torch.linspace(-5,5,4,dtype=torch.int32)",
    "torch.linspace(0,1,3,dtype=torch.complex64)",
    "torch.logspace(0,2,3)",
    "torch.logspace(0,2,3,base=2)",
    "torch.logspace(0,1,1)",
    "torch.logspace(0,2,3,dtype=torch.int64)",
    "torch.logspace(0,1,3,base=2,dtype=torch.complex64)",
    "torch.logspace(0,2,5,dtype=torch.int64,base=2)",
    "torch.logspace(0,1,4)",
    "torch.eye(2,3,dtype=torch.bool)",
    "torch.eye(3,m=2)",
    "torch.full((2,),1j)",
    "torch.full((2,),True)",
    "torch.full((2,),1.,dtype=torch.int64)",
    "torch.full((),3)",
    "torch.full((2,),torch.tensor(3.))",
    "torch.full([2],fill_value=3)",
    "torch.full((2,),2.5,dtype=torch.bool)",
    "torch.zeros(())",
    "torch.zeros(2,out=torch.ones(2))",
    "torch.empty_strided((2,3),(1,2)).stride()",
    "torch.empty_permuted((2,3),(1,0)).stride()",
    "torch.zeros_like(torch.ones(2),dtype=torch.int32)",
    "torch.ones_like(torch.ones(2,requires_grad=True))",
    "torch.full_like(torch.ones(2,dtype=torch.int64),2.5)",
    "torch.empty_like(torch.ones(2),memory_format=torch.preserve_format).shape",
    "torch.full_like(torch.ones(2),torch.tensor(2.))",
    "torch.ones(2).new_zeros(3)",
    "torch.ones(2).new_zeros((2,),dtype=torch.int64,requires_grad=False)",
    "torch.ones(2,dtype=torch.float64).new_tensor([1,2])",
    "torch.ones(2).new_full((2,),3)",
    "torch.ones(2,dtype=torch.int32).new_full((2,),3.7)",
    "torch.ones(2).new_tensor(torch.ones(1))",
    "torch.ones(2).new_ones(2,device='cpu',layout=torch.strided)",
    "torch.ones(2).new_empty_strided((2,),(1,)).shape",
    "torch.scalar_tensor(3)",
    "torch.scalar_tensor(3,dtype=torch.int64)",
    "torch.scalar_tensor(True)",
    "torch.asarray([1,2])",
    "torch.asarray(np.arange(3.))",
    "torch.asarray(3)",
    "torch.asarray(torch.ones(2),dtype=torch.float64)",
    "torch.asarray(torch.ones(2),copy=True)",
    "torch.asarray(bytearray(b'abcd'),dtype=torch.uint8)",
    "torch.asarray([1.],requires_grad=True)",
    "torch.asarray(np.float64(3))",
    "torch.asarray(torch.ones(2,requires_grad=True))",
    "torch.asarray(torch.ones(2,requires_grad=True),requires_grad=True)",
    "torch.frombuffer(bytearray(b'abcdefgh'),dtype=torch.int32)",
    "torch.frombuffer(bytearray(b'abcdefgh'),dtype=torch.int32,count=1,offset=4)",
    "torch.as_tensor(np.arange(3),dtype=torch.float32)",
    "torch.as_tensor([1,2.])",
    "torch.as_tensor(np.float32(3))",
    "torch.tensor(3,pin_memory=False)",
    "torch.tensor([1,2],device=torch.device('cpu'))",
    "torch.is_nonzero(torch.tensor(1.))",
    "torch.numel(torch.ones(2))",
    "torch.is_floating_point(torch.ones(2))",
    "torch.is_complex(torch.ones(2))",
    "torch.ones(2).ndimension()",
    "torch.ones(2).nbytes",
    "torch.ones(2).itemsize",
    "torch.ones(2).is_signed()",
    "torch.ones(2).get_device()",
    "torch.ones(2).layout",
    "torch.ones(2).is_sparse",
    "torch.ones(2).is_quantized",
    "torch.ones(2).is_pinned()",
    "torch.typename(torch.ones(2))",
    "torch.typename(torch.ones(2,dtype=torch.int64))",
    "torch.ones(2).untyped_storage().nbytes()",
    "torch.ones(4)[1:].untyped_storage().size()",
    "torch.ones(4)[1:].is_set_to(torch.ones(4))",
    "torch.ones(2).is_shared()",
    "torch.ones(2).element_size()",
    "torch.ones(2).to(torch.float32,memory_format=torch.preserve_format)",
    "torch.ones(2).clone(memory_format=torch.preserve_format)",
    "torch.ones(2).is_contiguous(memory_format=torch.contiguous_format)",
    "torch.clone(torch.ones(2),memory_format=torch.contiguous_format)",
    "torch.ones(2).stride(0)",
    "torch.ones(2,3).stride(-1)",
    "torch.ones(2,3).size(-1)",
    "torch.is_same_size(torch.ones(2),torch.ones(2))",
    "torch.ones(2).is_same_size(torch.ones(3))",
    "torch.empty((0, 2))",
    "torch.empty(2, pin_memory=False, layout=torch.strided, memory_format=torch.contiguous_format).shape",
    "torch.empty_strided((2, 3), (1, 2)).stride()",
    "torch.empty_permuted((2, 3), (1, 0)).stride()",
    "torch.ones(2).new_empty(2, 3).shape",
    "torch.tril_indices(3, 3, -1)",
    "torch.triu_indices(2, 3, 1, dtype=torch.int32)",
    "torch.vander(torch.tensor([1, 2, 3]))",
    "torch.vander(torch.tensor([1.0, 2.0]), 3, True)",
    "torch.full((2,), 3, out=torch.empty(0))",
    "torch.arange(6, out=torch.empty(2, 3))",
    "torch.linspace(0, 1, 4, out=torch.empty(2, 2, dtype=torch.float64))",
    "torch.linspace(0.7, 5.3, 4, dtype=torch.int64)",
]

REFUSED = [
    "torch.arange(1,0)",
    "torch.arange(0,float('inf'))",
    "torch.arange(0,1,0)",
    "torch.arange(0,5,2,dtype=torch.bool)",
    "torch.arange(2,dtype=torch.bool)",
    "torch.arange(0,1,0.1,dtype=torch.int64)",
    "torch.arange(3,dtype=torch.complex64)",
    "torch.arange(3j)",
    "torch.arange('a')",
    "torch.arange(0,float('nan'))",
    "torch.range(3,0)",
    "torch.linspace(0,1,-1)",
    "torch.linspace(0,1,3,dtype=torch.bool)",
    "torch.linspace(0,1)",
    "torch.linspace(0,1,3.)",
    "torch.linspace(0,1j,3,dtype=torch.float32)",
    "torch.linspace(torch.tensor([0.]),1,3)",
    "torch.eye(2,-1)",
    "torch.eye(2.5)",
    "torch.full(2,3)",
    "torch.full((2,),'a')",
    "torch.full((-1,),3)",
    "torch.full((2,),3,requires_grad=True)",
    "torch.full((2,),1e60)",
    "torch.zeros()",
    "torch.zeros(2.)",
    "torch.zeros_like([1])",
    "torch.full_like(torch.ones(2),3j)",
    "torch.ones(2).new_full(2,3)",
    "torch.scalar_tensor([1])",
    "torch.asarray([1],copy=False)",
    "torch.frombuffer(bytearray(b'abc'),dtype=torch.int32)",
    "torch.frombuffer(bytearray(b''),dtype=torch.int32)",
    "torch.frombuffer(bytearray(b'abcdefgh'),dtype=torch.int32,count=3)",
    "torch.frombuffer(bytearray(b'abcdefgh'),dtype=torch.int32,offset=8)",
    "torch.frombuffer([1],dtype=torch.int32)",
    "torch.frombuffer(bytearray(b'abcdefgh'))",
    "torch.frombuffer(bytearray(b'abcd'),dtype=torch.int32,count=0)",
    "torch.frombuffer(bytearray(b'abcd'),dtype=torch.int32,offset=-1)",
    "torch.from_numpy(np.array(['a']))",
    "torch.from_numpy(np.float32(1))",
    "torch.from_numpy(np.arange(3,dtype='>i4'))",
    "torch.is_nonzero(torch.tensor([]))",
    "torch.is_nonzero(torch.ones(2))",
    "torch.is_floating_point(3)",
    "torch.numel(3)",
    "torch.is_nonzero(3)",
    "torch.ones(2).is_nonzero()",
    "torch.ones(2).stride(2)",
    "torch.tril_indices(-1, 2)",
    "torch.triu_indices(2, 3, dtype=torch.float32)",
    "torch.zeros(2, dtype=torch.int64, out=torch.ones(2))",
    "torch.vander(torch.ones(2, 2))",
    "torch.empty_strided((2,), (1, 1))",
    "torch.empty_permuted((2, 3), (1, 1))",
    "torch.eye(2, out=torch.zeros(2, requires_grad=True))",
]


@pytest.mark.parametrize("expression", MAKING)
def test_what_is_made(torch, expression):
    made = eval(expression, {"torch": torch, "np": np})
    return str(made) if type(made).__name__ in ("layout", "device") else made


@pytest.mark.parametrize("expression", REFUSED)
def test_what_is_refused(torch, expression, caught):
    return caught(lambda: eval(expression, {"torch": torch, "np": np}))


def test_memory_is_shared_with_arrays_and_buffers(torch):
    array, buffer = np.arange(3.0), bytearray(8)
    made = [torch.as_tensor(array), torch.asarray(array), torch.from_numpy(array)]
    viewed = torch.frombuffer(buffer, dtype=torch.int32, count=1, offset=4)
    array[0] = 7.0
    buffer[4] = 1
    copied = torch.asarray(array, copy=True)
    array[1] = 9.0
    viewed.add_(1)
    return made, viewed, copied, int(buffer[4])


def test_where_memory_lies(torch):
    x = torch.arange(6.0).reshape(2, 3)
    row = x[1]
    return (
        row.storage_offset(), row.data_ptr() - x.data_ptr(), row.untyped_storage().nbytes(),
        row.untyped_storage().data_ptr() == x.untyped_storage().data_ptr(), row.is_set_to(x[1]),
        row.is_set_to(x[0]), x.t().is_set_to(x), x.detach()[1].storage_offset(), row.nbytes,
        torch.from_numpy(np.arange(4.0)[2:]).storage_offset(), x.unfold(1, 2, 1)[1].storage_offset(),
        torch.empty(0).data_ptr(),
    )  # fmt: skip


def test_typenames(torch):
    return [torch.ones(1, dtype=d).type() for d in (torch.float64, torch.bool)], torch.typename(str)


def test_range_warns(torch, warned):
    return warned(lambda: torch.range(0, 2)), warned(lambda: torch.arange(3))


def test_meshgrid_without_indexing_warns(torch, warned):
    return warned(lambda: torch.meshgrid(torch.ones(2), torch.ones(3)))


def test_arrays_of_other_classes(torch, tmp_path):
    np.arange(10, dtype=np.int64).tofile(tmp_path / "numbers")
    mapped = np.memmap(tmp_path / "numbers", dtype=np.int64, mode="r+")
    made = torch.from_numpy(mapped)
    made.mul_(2)
    rows = torch.stack([torch.from_numpy(mapped[i : i + 3].astype(np.int64)) for i in (0, 4)])
    matrix = torch.from_numpy(np.asarray([[1.0, 2.0]]).view(np.matrix)) @ torch.ones(
        2, dtype=torch.float64
    )
    record = torch.as_tensor(np.arange(3.0).view(np.recarray)) + 1
    return (
        made,
        mapped.tolist(),
        rows,
        matrix,
        record,
        torch.tensor(mapped) * 2,
        torch.asarray(mapped).sum(),
    )
