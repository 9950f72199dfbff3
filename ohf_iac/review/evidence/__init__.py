"""Evidence packs: what is known of one request, in files that anybody can check, without this tool and AWS."""
