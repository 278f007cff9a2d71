_gt_risk() {
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
