function __gt_risk_complete
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
