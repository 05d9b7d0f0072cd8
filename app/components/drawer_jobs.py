"""The tab of the programs that run beside the work."""

# pyright: basic, reportAttributeAccessIssue=false, reportOperatorIssue=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

import reflex as rx

from app.drawer.jobs import AllJobsState, JobShown
from app.jobs import JobsState
from app.words import STOP
from app.words.drawer import NO_JOBS, NO_OUTPUT


def jobs(session_id: rx.Var[str]) -> rx.Component:
    """Those that run, and those that did, each with the end of what it wrote."""
    return rx.fragment(
        rx.cond(AllJobsState.jobs.length() == 0, rx.el.p(NO_JOBS, class_name="nothing-here")),
        rx.el.ul(
            rx.foreach(AllJobsState.jobs, lambda job: _job(job, session_id)), class_name="all-jobs jobs"
        ),
    )


def _job(job: rx.Var[JobShown], session_id: rx.Var[str]) -> rx.Component:
    return rx.el.li(
        rx.el.code(job.command, title=job.command),
        rx.cond(
            job.is_running,
            rx.el.button(
                STOP,
                type="button",
                class_name="small",
                aria_label=STOP + " " + job.command,
                on_click=JobsState.stop(session_id, job.number),
            ),
        ),
        rx.el.span(job.started, " · ", job.label, class_name="meta"),
        rx.cond(
            job.tail != "", rx.el.pre(job.tail, tab_index=0), rx.el.span(NO_OUTPUT, class_name="meta wide")
        ),
        key=job.number.to_string(),
        custom_attrs={"data-state": rx.cond(job.is_running, "running", "ended")},
    )
