#!/bin/sh
# Joins the cluster; nothing is filled in.
