#!/bin/bash
%EXPORT_USER_DATA%
HOME_OF=${HOME}; LIST=("${!HF_@}"); echo "${HOME_OF:-${PWD}} $1 ${rc_account}"
