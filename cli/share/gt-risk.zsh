#compdef gt-risk gt
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
            plain) [[ $help == _ ]] && plain+=("$value") || plain+=("${value//:/\\:}:$help") ;;
            file) _files ;;
            dir) _files -/ ;;
        esac
    done
    (( ${#plain} )) && _describe -V unsorted plain
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _gt_risk "$@"; else compdef _gt_risk gt-risk gt; fi
