#!/bin/bash
%EXPORT_USER_DATA%
echo "${HOME} ${PATH%%:*} ${#HOME} $1 ${rc_account}"
