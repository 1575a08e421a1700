"""What the sources promise: floors, headers that stand alone, no heap, no stdio.

Each check is tried on a seeded violation first, which it must find.

    sources.py ROOT ARCHIVE BINARY COMPILER...
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

# docs/STYLE.md: app -> job -> net, aws -> media, text -> base; and no floor sideways.
BELOW = {
    "app": {"app", "job", "net", "aws", "media", "text", "base", "port"},
    "job": {"job", "net", "aws", "media", "text", "base"},
    "net": {"net", "media", "text", "base"},
    "aws": {"aws", "media", "text", "base"},
    "media": {"media", "base"},
    "text": {"text", "base"},
    "base": {"base"},
}
SYSTEM = {"assert.h", "stdbool.h", "stddef.h", "stdint.h", "string.h", "limits.h"}
PORT = {"console.h", "file.h", "port.h"}
# Of the port, the floors that talk have sockets and clocks; files and terminals are the commands'.
PORT_BELOW = {"app": PORT, "job": {"port.h"}, "net": {"port.h"}}
# Headers of the dependencies, by the floors that may know them.
FOREIGN = {"text": ("llhttp.h", "jsmn.h"), "aws": ("mbedtls/",), "net": ("mbedtls/", "psa/"), "app": ("mbedtls/",)}

HEAP = "malloc calloc realloc reallocarray free aligned_alloc posix_memalign memalign valloc strdup " \
       "strndup asprintf vasprintf getline getdelim open_memstream qsort alloca sbrk"
STDIO = "printf fprintf dprintf sprintf snprintf vprintf vfprintf vsprintf vsnprintf puts fputs putc " \
        "putchar fputc fopen fdopen fclose fread fwrite fgets fgetc getchar gets scanf sscanf fscanf " \
        "fflush fseek perror stdin stdout stderr setvbuf tmpfile remove"
FORBIDDEN = set((HEAP + " " + STDIO).split())

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def wrong_includes(floor, text):
    """The includes of one file that its floor must not have."""
    wrong = []
    for bracket, name in INCLUDE.findall(text):
        if bracket == "<":
            if floor != "app" and name not in SYSTEM and not name.startswith(FOREIGN.get(floor, ("none",))):
                wrong.append(name)
        elif name in PORT or name.startswith("port/"):
            if name not in PORT_BELOW.get(floor, ()):
                wrong.append(name)
        elif "/" in name:
            if name.split("/")[0] not in BELOW[floor]:
                wrong.append(name)
        elif name != "version.h" or floor != "app":
            wrong.append(name + " (without its floor)")
    return wrong


def forbidden_symbols(nm_text):
    """Names that an object needs and must not."""
    needed = set()
    for line in nm_text.splitlines():
        match = re.match(r"^\s*[Uwv] ([A-Za-z0-9_]+)", line)
        if match:
            name = match.group(1)
            name = re.sub(r"^_IO_|^__isoc99_|^__", "", name)
            needed.add(re.sub(r"_chk$", "", name))
    return sorted(needed & FORBIDDEN)


def nm(path):
    return subprocess.run(["nm", "-u", str(path)], capture_output=True, text=True, check=True).stdout


def compile_alone(compiler, root, path):
    """None, or what the compiler says of a header that is all there is."""
    command = compiler + ["-std=c11", "-D_GNU_SOURCE", "-fsyntax-only", "-Werror", "-Wall", "-Wextra",
                          "-Wno-unused-const-variable", f"-I{root}/src", f"-I{root}/port", "-x", "c"]
    # The dependencies' headers; Mbed TLS's structs follow our configuration.
    for folder in sorted(root.glob("subprojects/*-*/")):
        command += ["-isystem", str(folder / "include"), "-isystem", str(folder)]
    command += [f'-DMBEDTLS_CONFIG_FILE="{root}/port/mbedtls_config.h"', "-"]
    # Twice, so that a missing guard is seen.
    text = f'#include "{path}"\n#include "{path}"\nextern int nothing;\n'
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    return None if done.returncode == 0 else done.stderr


def seeded_violations(compiler, root):
    assert wrong_includes("base", '#include "media/ebml.h"\n') == ["media/ebml.h"]
    assert wrong_includes("media", '#include "text/utc.h"\n') == ["text/utc.h"]
    assert wrong_includes("media", '#include "job/pipeline.h"\n') == ["job/pipeline.h"]
    assert wrong_includes("job", '#include "file.h"\n') == ["file.h"]
    assert wrong_includes("job", '  #  include <stdio.h>\n') == ["stdio.h"]
    assert wrong_includes("aws", '#include "net/tls.h"\n') == ["net/tls.h"]
    assert wrong_includes("app", '#include "file.h"\n#include "job/pipeline.h"\n') == []
    with tempfile.TemporaryDirectory() as folder:
        seed = Path(folder) / "seed.c"
        seed.write_text("#include <stdio.h>\n#include <stdlib.h>\nvoid *seed(int n);\n"
                        "void *seed(int n)\n{\n    printf(\"%d\", n);\n    return malloc((size_t)n);\n}\n")
        obj = Path(folder) / "seed.o"
        subprocess.run(compiler + ["-c", str(seed), "-o", str(obj)], check=True)
        assert forbidden_symbols(nm(obj)) == ["malloc", "printf"], nm(obj)
        seed.write_text("#include <stdlib.h>\nint main(void)\n{\n    free(malloc(1));\n    return 0;\n}\n")
        whole = Path(folder) / "seed"
        subprocess.run(compiler + ["-O0", "-fno-builtin", str(seed), "-o", str(whole)], check=True)
        assert forbidden_symbols(nm(whole)) == ["free", "malloc"], nm(whole)
        header = Path(folder) / "seed.h"
        header.write_text("static inline uint8_t seed(void) { return 1; }\n")
        assert compile_alone(compiler, root, header) is not None


def main():
    root, archive, binary = (Path(a) for a in sys.argv[1:4])
    compiler = sys.argv[4:]
    seeded_violations(compiler, root)
    found = []
    files = sorted(p for p in (root / "src").rglob("*") if p.suffix in (".c", ".h"))
    assert len(files) > 30
    for path in files:
        floor = path.relative_to(root / "src").parts[0]
        for name in wrong_includes(floor, path.read_text(encoding="utf-8")):
            found.append(f"{path}: includes {name}, which its floor may not")
    for path in files + sorted((root / "port").glob("*.h")):
        if path.suffix == ".h" and path.name != "mbedtls_config.h":
            words = compile_alone(compiler, root, path)
            if words is not None:
                found.append(f"{path}: does not compile alone\n{words}")
    for name in forbidden_symbols(nm(archive)):
        found.append(f"{archive}: needs {name}")
    all_symbols = subprocess.run(["nm", str(binary)], capture_output=True, text=True, check=True).stdout
    if "__asan_init" in all_symbols or "__gcov_" in all_symbols:
        print("a sanitizer or gcov is in the binary, which have a heap: only the library was looked at")
    else:
        for name in forbidden_symbols(nm(binary)):
            found.append(f"{binary}: needs {name}")
    print("\n".join(found) or f"{len(files)} files: floors, headers, symbols in order")
    return 1 if found else 0


sys.exit(main())
