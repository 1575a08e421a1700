# bash completion for rusuden(1). Needs bash 4 and nothing else.
# tests/completion_test.sh compares it with `rusuden help`.

# _rusuden_files PATTERN: files whose names match, and all folders on the way to them.
_rusuden_files() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -X "!$1" -- "$cur"; compgen -d -- "$cur")
}

_rusuden_words() {
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}

_rusuden() {
    local cur=${COMP_WORDS[COMP_CWORD]}
    local prev=${COMP_WORDS[COMP_CWORD - 1]}
    COMPREPLY=()

    if [ "$COMP_CWORD" -eq 1 ]; then
        case $cur in
        -*) _rusuden_words '--help --version' ;;
        *) _rusuden_words 'convert inspect budget help' ;;
        esac
        return
    fi

    # Bash cuts words at "=": --gaps=s comes as "--gaps", "=", "s".
    if [ "$cur" = = ]; then
        cur=
    elif [ "$prev" = = ]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi

    case ${COMP_WORDS[1]} in
    convert)
        case $prev in
        -o | --output) _rusuden_files '*.[wW][aA][vV]' && return ;;
        -c | --contact-id) return ;;
        --channels) _rusuden_words 'customer agent stereo mix' && return ;;
        --gaps) _rusuden_words 'join silence' && return ;;
        --encoding) _rusuden_words 'pcm ulaw' && return ;;
        --signing) _rusuden_words 'auto chunks chunks-trailer unsigned-trailer' && return ;;
        --checksum) _rusuden_words 'crc64nvme crc32c crc32 sha256 none' && return ;;
        --conditional | --path-style) _rusuden_words 'on off' && return ;;
        --sse) _rusuden_words 'AES256 aws:kms aws:kms:dsse' && return ;;
        --storage-class)
            _rusuden_words 'STANDARD STANDARD_IA ONEZONE_IA INTELLIGENT_TIERING GLACIER_IR' && return
            ;;
        --tag | --metadata | --region | --profile | --endpoint-url | --sse-kms-key-id | --bucket-owner)
            return
            ;;
        esac
        case $cur in
        -*)
            _rusuden_words '-o --output -c --contact-id --channels --gaps --encoding --salvage
                -f --force -q --quiet -v --verbose -h --help --region --profile --endpoint-url
                --bucket-owner --tag --metadata --storage-class --sse --sse-kms-key-id --checksum
                --conditional --path-style --signing'
            ;;
        *) _rusuden_files '*.[mM][kK][vV]' ;;
        esac
        ;;
    inspect)
        case $cur in
        -*) _rusuden_words '--json --fragments --ascii -h --help' ;;
        *) _rusuden_files '*.[mM][kK][vV]' ;;
        esac
        ;;
    budget) _rusuden_words '--help' ;;
    help) [ "$COMP_CWORD" -gt 2 ] || _rusuden_words 'convert inspect budget help' ;;
    esac
}

complete -F _rusuden rusuden
