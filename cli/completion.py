"""``gt risk completion``: the shell's side of completion; what may follow is asked of the command tree itself."""

import click

from cli.options import json_option
from cli.output import emit
from cli.tree import Explained

BASH = """_gt_risk() {
    local words=("${COMP_WORDS[@]}") at=$COMP_CWORD kind value
    if [[ ${words[0]##*/} == gt ]]; then
        [[ $at -eq 1 ]] && { COMPREPLY=($(compgen -W risk -- "${words[1]}")); return; }
        [[ ${words[1]} == risk ]] || return
        words=("${words[@]:1}"); at=$((at - 1))
    fi
    COMPREPLY=()
    while IFS=, read -r kind value; do
        [[ $kind == plain ]] && COMPREPLY+=("$value")
        [[ $kind == file ]] && compopt -o default
        [[ $kind == dir ]] && compopt -o dirnames
    done < <(COMP_WORDS="${words[*]}" COMP_CWORD=$at _GT_RISK_COMPLETE=bash_complete gt-risk)
}
complete -o nosort -F _gt_risk gt-risk
complete -p gt >/dev/null 2>&1 || complete -o nosort -F _gt_risk gt
"""
ZSH = """#compdef gt-risk gt
_gt_risk() {
    local -a parts=("${words[@]}") plain lines
    local -i at=$((CURRENT - 1))
    if [[ ${parts[1]:t} == gt ]]; then
        (( at == 1 )) && { compadd risk; return }
        [[ ${parts[2]} == risk ]] || return 1
        shift parts; (( at -= 1 ))
    fi
    lines=("${(@f)$(COMP_WORDS="${parts[*]}" COMP_CWORD=$at _GT_RISK_COMPLETE=zsh_complete gt-risk)}")
    local kind value help
    for kind value help in "${lines[@]}"; do
        case $kind in
            plain) [[ $help == _ ]] && plain+=("$value") || plain+=("${value//:/\\\\:}:$help") ;;
            file) _files ;;
            dir) _files -/ ;;
        esac
    done
    (( ${#plain} )) && _describe -V unsorted plain
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _gt_risk "$@"; else compdef _gt_risk gt-risk gt; fi
"""
FISH = """function __gt_risk_complete
    set -l words (commandline -opc) (commandline -ct)
    if string match -q -r '(^|/)gt$' -- $words[1]
        set -e words[1]
    end
    for line in (COMP_WORDS="$words" COMP_CWORD=(commandline -ct) _GT_RISK_COMPLETE=fish_complete gt-risk)
        set -l part (string split , -m 1 -- $line)
        switch $part[1]
            case plain
                echo -- $part[2]
            case file
                __fish_complete_path (commandline -ct)
            case dir
                __fish_complete_directories (commandline -ct)
        end
    end
end
complete -c gt-risk -f -a '(__gt_risk_complete)'
complete -c gt -f -n 'test (count (commandline -opc)) -eq 1' -a risk
complete -c gt -f -n '__fish_seen_subcommand_from risk' -a '(__gt_risk_complete)'
"""
SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}


@click.command(cls=Explained)
@click.argument("shell", type=click.Choice(list(SCRIPTS)))
@json_option
def completion(shell: str, as_json: bool) -> int:
    """Print the completion script of a shell, for gt-risk and for gt risk."""
    return emit({"shell": shell, "script": SCRIPTS[shell]}, as_json, lambda seen: [seen["script"].removesuffix("\n")])
