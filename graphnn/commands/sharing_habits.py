"""What other programs call the targets and options of export, import, predict and serve; read only after mistakes."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TypeVar

from graphnn.text.shell import file_word, shell_joined
from graphnn.text.suggestions import folded

Meaning = TypeVar("Meaning")
Answer = tuple[str, str]  # a target, and what the reader must know to see why; empty if nothing


def words(text: str) -> list[str]:
    """Return the words of a text."""
    return text.split()


def alike(names: str, meaning: Meaning) -> dict[str, Meaning]:
    """Return the entries of a table for names that mean the same."""
    return dict.fromkeys(words(names), meaning)


TORCH_CODE = "PyTorch's own forms are saved from this code"
SAVED = "in Keras, model.export(FOLDER) makes a SavedModel of it, from which TensorFlow converts"
NO_PICKLE = "no pickle is written, because reading one runs code"
READS_ONNX = "it reads ONNX"
TARGET_NAMES: dict[str, Answer] = {  # by names in other programs, `folded`
    **alike("pytorch py python lightning eject", ("torch", "")),
    **alike("jit torchscript torchjit executorch pt2", ("torch", TORCH_CODE)),
    **alike("coreml mlmodel mlpackage", ("torch", "coremltools converts networks of PyTorch")),
    **alike("pt pth bin ckpt pickle pkl joblib", ("safetensors", NO_PICKLE)),
    **alike("statedict weights numpy npy huggingface hf safetensor", ("safetensors", "")),
    **alike("gguf ggml", ("safetensors", "GGUF is for language models")),
    **alike("keras3 h5 hdf5", ("keras", "")),
    **alike("tf tensorflow pb savedmodel graphdef saved tflite litert tfjs", ("keras", SAVED)),
    **alike("jax flax", ("keras", "Keras runs on JAX")),
    **alike("ort onnxruntime onnxweb web wasm browser js mobile android ios csharp cpp", ("onnx", "")),
    **alike("tensorrt trt engine openvino ir ncnn mnn tvm directml netron opencv", ("onnx", READS_ONNX)),
    **alike("png jpg jpeg pdf picture image graphviz dot plot diagram drawing graph", ("svg", "")),
    **alike("md markdown mmd text txt", ("mermaid", "")),
}
QUANTIZED = words("uint8 qint8 quint8 i8 u8 8 8bit 8bits dynamic static ptq qdq int")
TO_TARGET = words("target to format f type kind framework include exportformat for")
SERVES = words("host deploy server api web rest http up flask fastapi gradio streamlit runserver mlserver app")
EXPORTS = words("convert save freeze deliver package eject dump")
IMPORTS = words("load open read fromonnx loadonnx importonnx onnx2json")
FILES = (".onnx", ".pt", ".pth", ".bin", ".ckpt", ".safetensors", ".keras", ".h5")

SIZES = "leave it out: the document has the shape, and any number of samples is taken"
SMALLER = "leave it out: numbers are float32; what makes files smaller is --quantize int8"
REPLACE = alike("force overwrite f y yes clobber existok", "--replace")
EXPORT_OPTIONS = {
    **REPLACE,
    **alike("int8 quant quantized quantised quantization quantisation q", "--quantize int8"),
    **alike("check validate test compare numsamples samples", "--verify 200"),
}
IDLE = "leave it out: "
EXPORT_ADVICE = {
    **alike("opset opsetversion targetopset", f"{IDLE}files have operator set 20"),
    **alike("dynamicaxes dynamicshapes dynamic dynamicbatch batchsize batch b", SIZES),
    **alike("inputshape shape imgsz imagesize size inputsize", SIZES),
    **alike("inputnames outputnames inputname outputname", f"{IDLE}they are called input and output"),
    **alike(
        "simplify optimize optimise constantfolding doconstantfolding",
        f"{IDLE}onnxruntime optimises a file when it loads it",
    ),
    **alike("dynamo legacy trace script", f"{IDLE}nothing is traced"),
    **alike("half fp16 float16 bf16 dtype precision amp", SMALLER),
}
IMPORT_OPTIONS = {
    **REPLACE,
    **alike("labels classnames names class", "--classes"),
    **alike("dataset datasets data", "--data"),
    **alike("spec document doc config cfg model net network arch architecture json", "--into"),
    **alike("rescale divide range", "--scale"),
    **alike("sd deviation stddev variance", "--std"),
}
IMPORT_ADVICE = alike("from format framework source type", f"{IDLE}a file says itself of which library it is")
TRAINED = words("weights params pretrained checkpoint ckpt statedict loadweights initfrom")
PROXY = f"{IDLE}a proxy before the server, such as Caddy or nginx, does that"
SERVE_OPTIONS = {
    **alike("p", "--port"),
    **alike("w processes numworkers threads numthreads jobs nproc replicas", "--workers"),
    **alike("address addr bind ip listen hostname interface", "--host"),
    **alike("public share expose external all lan", "--host 0.0.0.0"),
    **alike("reload autoreload hotreload live", "--watch"),
    **alike("cors origins origin corsorigin corsorigins alloworigins", "--allow-origin"),
    **alike("batchsize batch maxbatchsize b", "--max-batch"),
    **alike("batchtimeout batchwait maxlatency maxwait batchdelay", "--batch-wait-ms"),
    **alike("maxsize maxrequestsize bodylimit maxcontentlength maxupload limit", "--max-body"),
    **alike("backlog queue queuesize limitconcurrency maxconcurrency", "--max-queue"),
    **alike("debug verbose v log loglevel logs accesslog", "--access-log"),
}
SERVE_ADVICE = {
    **alike("ssl tls https cert key sslcertfile sslkeyfile apikey token auth password user", PROXY),
    **alike("quiet q silent", f"{IDLE}requests are printed with --access-log only"),
    **alike("open browser openbrowser", f"{IDLE}open the address that is printed"),
    **alike("daemon background detach d", f"{IDLE}a shell does that, by & after the command"),
}
PREDICT_OPTIONS = alike("k topk best classes", "--top")
PREDICT_ADVICE = {
    **alike("r recursive", f"{IDLE}folders in a folder are looked through"),
    **alike("batchsize batch b", f"{IDLE}any number of inputs takes the same memory"),
    **alike("probabilities proba prob scores", f"{IDLE}probabilities are shown; of more classes by --top 3"),
}
EVERY = "every combination of values is tried without it; write --vary optimizer.learning_rate=0.1,0.01"
SEARCHES = {
    **alike("grid gridsearch exhaustive all brute bruteforce product", EVERY),
    **alike(
        "random randomsearch tpe bayes bayesian bayesopt hyperopt raytune ray hyperband asha sweep",
        "write --search optuna",
    ),
}
IS_FLAG = ("--replace", "--watch", "--access-log")
EXAMPLES = {
    "--top": "3",
    "--port": "8080",
    "--workers": "2",
    "--host": "0.0.0.0",
    "--allow-origin": "https://example.org",
    "--max-batch": "64",
    "--batch-wait-ms": "2",
    "--max-body": "32",
    "--max-queue": "1024",
    "--classes": "cat,dog",
    "--data": "mnist",
    "--into": "NAME.json",
    "--scale": "255",
    "--std": "0.3081",
}


def about_sharing_option(option: str, value: str | None, known: Collection[str]) -> str | None:
    """Return what to write instead of an option of export, import, predict or serve; None if no table has it.

    value, known: as in `habits.about_option`.
    """
    name = folded(option.lstrip("-"))
    if "--to" in known:
        return about_export_option(name, value)
    if "--into" in known:
        if name in TRAINED:
            weights = "W.pt" if value is None else file_word(Path(value))
            return f"the file comes first: graphnn import {weights} --into NAME.json"
        return found(name, value, IMPORT_OPTIONS, IMPORT_ADVICE)
    if "--top" in known:
        return found(name, value, PREDICT_OPTIONS, PREDICT_ADVICE)
    return found(name, value, SERVE_OPTIONS, SERVE_ADVICE) if "--host" in known else None


def about_export_option(name: str, value: str | None) -> str | None:
    """Return what to write instead of an option of export, by its folded name."""
    if name in TO_TARGET and value is not None and (advice := about_target(value)) is not None:
        return advice
    return found(name, value, EXPORT_OPTIONS, EXPORT_ADVICE) or about_target(name)


def found(name: str, value: str | None, options: dict[str, str], advice: dict[str, str]) -> str | None:
    """Return what two tables have of an option."""
    if name in advice:
        return advice[name]
    option = options.get(name)
    if option is None or option in IS_FLAG or " " in option:
        return option and f"write {option}"
    if option == "--host" and value is not None and value.rpartition(":")[2].isdecimal() and ":" in value:
        host, _, port = value.rpartition(":")
        return f"write --host {shell_joined([host or '0.0.0.0'])} --port {port}"
    return f"write {option} {EXAMPLES[option] if value is None else shell_joined([value])}"


def about_target(word: str) -> str | None:
    """Return what to write for the target of an export that is called as in other programs; None for other words."""
    from graphnn.exporting.base import TARGETS

    name = folded(word.removeprefix("."))
    if name in TARGETS:
        return f"write --to {name}"
    if name not in TARGET_NAMES:
        return None
    target, reason = TARGET_NAMES[name]
    return f"{reason}{'; ' if reason else ''}write --to {target}"


def about_choice(option: str, value: str, choices: Collection[str]) -> str | None:
    """Return what to write instead of a value that an option of any command does not take; None where no table has it.

    choices: the values that it takes.
    """
    if folded(value) in choices:
        return f"write {option} {folded(value)}"
    if option == "--to":
        return about_target(value)
    if option == "--search":
        return SEARCHES.get(folded(value))
    if option != "--quantize":
        return None
    return "write --quantize int8" if folded(value) in QUANTIZED else EXPORT_ADVICE.get(folded(value))


def about_missing_target(argv: Sequence[str]) -> str:
    """Return what to write where an export names no target: by another argument, else an example."""
    from graphnn.exporting.base import TARGETS

    for word in argv:
        if not word.startswith("-") and not Path(word).is_file() and not word.endswith(".json"):
            advice = about_target(word) or about_target(Path(word).suffix)
            if advice is not None:
                return advice
    return f"what for? {', '.join(TARGETS)}; write --to onnx"


def about_sharing_argument(argument: str, argv: Sequence[str], known: Collection[str]) -> str | None:
    """Return what to write instead of an argument of export, import or serve; None for others."""
    if "--to" in known:
        suffix = Path(argument).suffix
        return f"write --output {file_word(Path(argument))}" if suffix and about_target(suffix) else None
    if "--into" in known:
        of_network = any(word.endswith(".onnx") for word in argv)
        option = "--output" if of_network else "--into"
        return f"write {option} {file_word(Path(argument))}" if argument.endswith(".json") else None
    if "--host" in known:
        host, _, port = argument.rpartition(":")
        if port.isdecimal():
            return f"write {f'--host {shell_joined([host])} ' if host else ''}--port {port}"
    return None


def about_sharing_command(name: str, rest: Sequence[str]) -> str | None:
    """Return what to write instead of an unknown command; None where no table has it."""
    word = folded(name)
    if word in SERVES:
        return f"write graphnn {shell_joined(['serve', *rest])}"
    if word in IMPORTS or (word in EXPORTS and any(one.endswith(FILES) for one in rest[:1])):
        return f"write graphnn {shell_joined(['import', *rest[:1]])}"
    if word in ("quantize", "quantise", "quant", "compress"):
        return f"write graphnn {shell_joined(['export', *rest, '--to', 'onnx', '--quantize', 'int8'])}"
    if word in EXPORTS:
        more = [] if "--to" in rest else ["--to", "onnx"]
        return f"write graphnn {shell_joined(['export', *rest, *more])}"
    if word == "draw":
        return f"write graphnn {shell_joined(['export', *rest, '--to', 'svg'])}"
    advice = about_target(word.removeprefix("to"))
    if advice is None or " " in word:
        return None
    reason, _, option = advice.rpartition("write ")
    return f"{reason}write graphnn {shell_joined(['export', *rest])} {option}"
