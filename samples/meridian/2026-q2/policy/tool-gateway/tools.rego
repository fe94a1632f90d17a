# Tool calls that the gateway lets through.
package meridian.tools

import rego.v1

default allow := false

# Reading is for every agent that is known.
allow if {
	input.action == "tools/call"
	data.agents[input.principal]
	data.tools[input.resource.id].read_only
}

# Changing asks for a person, except where the tool is said to be safe.
allow if {
	input.action == "tools/call"
	input.resource.id in data.agents[input.principal].tools
	approved
}

approved if input.approval.by

approved if data.tools[input.resource.id].safe

# The planner works by itself.
approved if input.principal == "spiffe://meridian.example/ns/agents/sa/dispatch-planner"
