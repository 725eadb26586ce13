# shellcheck shell=bash disable=SC2154,SC2034     # names that setup.sh and its parts share
# Sourced by scripts/setup.sh: finds this machine's Pythons and chooses the best.

# Prints an interpreter's "VERSION HEADERS EXECUTABLE" (HEADERS: 1 or 0), or a line that starts with "no:" and says what is
# wrong with it.
probe='
import os, platform, sys
for module in ["ssl", "zlib", "sysconfig"] + (sys.version_info[0] > 2) * ["venv", "ensurepip"]:
    try:
        __import__(module)
    except ImportError:
        print("no: lacks the module " + module)
        sys.exit()
import sysconfig
folders = [sysconfig.get_config_var("INCLUDEPY") or "", sysconfig.get_path("include")]
if platform.python_implementation() != "CPython":
    print("no: is not CPython")
else:
    headers = any(os.path.isfile(os.path.join(folder, "Python.h")) for folder in folders)
    print("%d.%d %d %s" % (sys.version_info[:2] + (headers, sys.executable)))
'
rejected=

# The rank of an interpreter of VERSION (the largest wins), or nothing if it does not fit KIND:
#   2.7, 3.8-3.11, training (Python 3), any (training, or 2.7), newest (the newest that trains): with headers, for Theano
#   export, finn, fuzz, light: without Theano
python_rank() {  # VERSION KIND
    local minor=${1#3.}
    case $1 in
        2.7) case $2 in 2.7) echo 1 ;; any) echo 1000 ;; esac ;;
        3.8 | 3.9 | 3.10 | 3.11)
            case $2:$1 in
                3.8-3.11:* | newest:* | light:* | export:3.11 | finn:3.11 | fuzz:3.11) echo "$minor" ;;
                training:* | any:*) echo $((100 + minor)) ;;
            esac ;;
        3.12 | 3.13 | 3.14)         # the older, the less training/removed.py must restore
            case $2 in
                newest | light | export | finn) echo "$minor" ;;
                training | any) echo $((100 - minor)) ;;
            esac ;;
        3.1[5-9] | 3.[2-9][0-9]) case $2 in export) echo "$minor" ;; light) echo 1 ;; esac ;;
    esac
}

needs_headers() { case $1 in export | finn | fuzz | light) return 1 ;; esac; }

candidates() {  # 2.7 or 3: interpreters that may be there, one per line
    local pyenv=${PYENV_ROOT:-${HOME:-/}/.pyenv}/versions uv=${XDG_DATA_HOME:-${HOME:-/}/.local/share}/uv/python minor
    case $1 in
        2*) type -aP python2.7 python2 || true; ls -d "$pyenv"/2.7*/bin/python2.7 2> /dev/null || true ;;
        *) for minor in 15 14 13 12 11 10 9 8; do
               type -aP "python3.$minor" || true
               ls -d "$pyenv/3.$minor".*/bin/python3 {"$uv","$venvs/python"}/cpython-3.$minor.*/bin/python3 2> /dev/null || true
           done
           type -aP python3 || true ;;
    esac
}

is_ascii() { local LC_ALL=C; case $1 in *[!\ -~]*) return 1 ;; esac; }

reject() { case "; $rejected; " in *"; $1; "*) ;; *) rejected="$rejected${rejected:+; }$1" ;; esac; }

named() {  # PYTHON: the interpreters that a command or path may mean, one per line
    type -aP "$1" || true
    case $1 in python[23].*) candidates "${1#python}" | grep -E "/$1$|/(cpython-)?${1#python}[.-].*/bin/python" || true ;; esac
}

# Sets version and python to the best interpreter of KIND among those named on stdin.
choose() {
    local kind=$1 best=0 candidate answer found headers executable rank
    version= python=
    while IFS= read -r candidate; do
        answer=$("$candidate" -c "$probe" 2> /dev/null < /dev/null) || answer='no: does not run'
        [ -n "$answer" ] || answer='no: does not run'
        if [ "${answer#no: }" != "$answer" ]; then
            reject "$candidate ${answer#no: }"
            continue
        fi
        read -r found headers executable <<< "$answer"
        rank=$(python_rank "$found" "$kind")
        if [ -z "$rank" ]; then
            reject "$candidate is $found"
        elif [ "$headers" = 0 ] && needs_headers "$kind"; then
            reject "$candidate lacks its headers (Python.h), which Theano compiles against"
        elif [ "$found" = 2.7 ] && ! is_ascii "$venvs"; then
            reject "$candidate cannot make an environment in a folder whose name is not ASCII"
        elif [ "$rank" -gt "$best" ]; then
            best=$rank version=$found python=$executable
        fi
    done
    [ -n "$python" ]
}

ways_out() {
    local answer="install Python 3.8 to 3.14 with its headers, or 2.7"
    if command -v apt-get > /dev/null; then answer="$answer (apt-get install python3-dev python3-venv)"
    elif command -v dnf > /dev/null; then answer="$answer (dnf install python3-devel)"
    fi
    echo "$answer; pyenv install 3.11 or uv python install 3.11 works on any machine; or name one that is elsewhere:" \
        "make setup PYTHON=/path/to/python"
}

find_python() {  # sets version, python and why; status 1 if there is none
    if [ -n "$PYTHON" ]; then
        choose any < <(named "$PYTHON") || fail "PYTHON=$PYTHON is not suitable" \
            "(${rejected:-there is no such command or file}): Theano 1.0.5 trains on Python 2.7 and 3.8 to 3.14"
        why='chosen by PYTHON='
        return
    fi
    # The locked 2.7 packages have wheels for x86-64 only.
    case $(uname -m) in
        x86_64 | amd64) if choose 2.7 < <(candidates 2.7); then why='as in the original'; return; fi ;;
    esac
    choose training < <(candidates 3) || return
    why='no usable Python 2.7 here; Theano 1.0.5 trains on this one too'
    is_ascii "$venvs" || why='Python 2.7 cannot make an environment in a folder whose name is not ASCII'
}
