#!/bin/bash
# completion_test.sh RUSUDEN - the bash completion answers rightly, and neither it nor the manual page
# lacks a command, an option, a value or a variable that `rusuden help` names.
set -u
rusuden=$(realpath "$1") || exit 1
docs=$(realpath "$(dirname "$0")/../docs") || exit 1
unset "${!RUSUDEN_@}"
folder=$(mktemp -d) && cd "$folder" || exit 1
trap 'rm -rf "$folder"' EXIT
failures=0

fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# shellcheck source=/dev/null
source "$docs/completion/rusuden.bash"

# complete_words WORD...: what bash would offer in place of the last one, sorted, on one line.
complete_words() {
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    COMPREPLY=()
    _rusuden
    [ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\n' "${COMPREPLY[@]}" | LC_ALL=C sort -u | paste -sd '|'
}

# check EXPECTED WORD...
check() {
    local expected=$1
    shift
    local got
    got=$(complete_words "$@")
    [ "$got" = "$expected" ] || fail "$*: '$got', not '$expected'"
}

touch call.mkv 'two calls.MKV' call.wav notes.txt
mkdir folder

check 'budget|convert|help|inspect' rusuden ''
check 'convert' rusuden c
check '--help|--version' rusuden -
check 'agent|customer|mix|stereo' rusuden convert --channels ''
check 'stereo' rusuden convert call.mkv --channels s
check 'join|silence' rusuden convert --gaps ''
check 'silence' rusuden convert --gaps = s
check 'join|silence' rusuden convert --gaps =
check 'pcm|ulaw' rusuden convert --encoding ''
check 'chunks|chunks-trailer' rusuden convert --signing c
check 'crc32|crc32c|crc64nvme|none|sha256' rusuden convert --checksum ''
check 'off|on' rusuden convert --conditional ''
check 'off' rusuden convert --path-style = of
check 'aws:kms|aws:kms:dsse' rusuden convert --sse a
check 'STANDARD|STANDARD_IA' rusuden convert --storage-class S
check '' rusuden convert --tag ''
check '' rusuden convert --profile c
check '--salvage' rusuden convert --sa
check '--ascii' rusuden inspect --a
check '' rusuden inspect --channels
check 'call.mkv|folder|two calls.MKV' rusuden convert ''
check 'two calls.MKV' rusuden inspect t
check 'call.wav|folder' rusuden convert call.mkv -o ''
check 'call.wav' rusuden convert --output = c
check '' rusuden convert -c ''
check '--help' rusuden budget ''
check 'budget|convert|help|inspect' rusuden help ''
check '' rusuden help convert ''
check '' rusuden nonsense ''
complete -p rusuden | grep -q -- '-F _rusuden' || fail 'the completion is not registered'

# The words at the front of the help's lines: "  -o, --output FILE      where to".
words_of() {
    "$rusuden" help "$1" | sed -nE 's/^ {2,6}((-[a-z], )?(--)?[a-z][a-z-]*).*/\1/p' | tr -d ','
}

in_manual() { grep -qE -- "$1" "$docs/rusuden.1" || fail "the manual page lacks: $1"; }

for word in $(words_of ''); do
    complete_words rusuden "$word" | grep -qxF -- "$word" || fail "the completion lacks: $word"
    case $word in
    --*) in_manual "Fl $(printf %s "${word#-}")( |$)" ;;
    *) in_manual "^\.Cm $word( |$)" ;;
    esac
done

for command in convert inspect; do
    count=0
    for option in $(words_of $command); do
        count=$((count + 1))
        complete_words rusuden $command "$option" | tr '|' '\n' | grep -qxF -- "$option" ||
            fail "the completion lacks: $command $option"
        in_manual "^\.It.* Fl ${option#-}( |$)"
    done
    [ $count -ge 3 ] || fail "the help for $command could not be read"
done

# Values: every one that an option's complaint lists.
for option in --channels --gaps --encoding --signing --checksum; do
    words=$("$rusuden" convert $option '?' 2>&1 | sed -n 's/.*it is one of \([a-z0-9, -]*\).*/\1/p' | tr -d ',')
    [ -n "$words" ] || fail "the values of $option could not be read"
    for word in $words; do
        complete_words rusuden convert $option "$word" | tr '|' '\n' | grep -qxF -- "$word" ||
            fail "the completion lacks: $option $word"
        in_manual "^\.It Cm $word$"
    done
done

for variable in $("$rusuden" help convert | grep -oE 'RUSUDEN_[A-Z0-9_]+'); do
    in_manual "^\.It Ev $variable$"
done

[ $failures -eq 0 ] && echo 'ok: the completion and the manual page'
exit $((failures > 0))
