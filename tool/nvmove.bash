# SPDX-License-Identifier: BSD-2-Clause
# Completion of nvmove's command line in bash. It asks no device.

_nvmove_words()
{
	case $1 in
	'')		echo 'check list provision record report state unprovision watch --help --version' ;;
	check)		echo '--json --help' ;;
	list)		echo '--json --help' ;;
	provision)	echo '--file --vf --queues --vectors --vfs --dry-run --json --help' ;;
	record)		echo '--json --output --help' ;;
	report)		echo '--output --json --help' ;;
	unprovision)	echo '--vf --all --dry-run --json --help' ;;
	watch)		echo '--interval --lines --record --qmp --json --help' ;;
	state)		echo 'show diff verify --help' ;;
	state\ show | state\ diff | state\ verify)
			echo '--json --help' ;;
	esac
}

_nvmove()
{
	local current=${COMP_WORDS[COMP_CWORD]} command='' word more

	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		more=${command:+$command }$word
		[ -n "$(_nvmove_words "$more")" ] || break
		command=$more
	done
	mapfile -t COMPREPLY < <(compgen -W "$(_nvmove_words "$command")" -- "$current")
	if [ "$command" != '' ] && [ "$command" != state ] && [[ $current != -* ]]; then
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
	fi
}

complete -F _nvmove nvmove
