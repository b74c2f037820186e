"""Airflow's classic bash example, as one writes it for dagtop."""

from datetime import UTC, datetime, timedelta

from dagtop import DAG, BashOperator, EmptyOperator

with DAG(
    dag_id="bash_example",
    description="Shell commands, templates, and a task that skips itself",
    schedule="0 0 * * *",
    start_date=datetime(2025, 1, 1, tzinfo=UTC),
    catchup=False,
    dagrun_timeout=timedelta(minutes=60),
    default_args={"owner": "platform"},
    tags=["example", "bash"],
    params={"example_key": "example_value"},
    doc_md="""
    Three tasks run side by side (`runme_0` to `runme_2`), `run_after_loop` waits for all of them.

    `this_will_skip` ends with exit code 99, which means *skipped*; `run_this_last` wants everything
    upstream to succeed, so it is skipped as well. The run is a success: nothing has failed.
    """,
) as dag:
    loop = [
        BashOperator(
            task_id=f"runme_{number}",
            bash_command='echo "{{ task_instance_key_str }}" && sleep 1',
        )
        for number in range(3)
    ]
    run_after_loop = BashOperator(task_id="run_after_loop", bash_command="ls -alh / && echo done")
    loop >> run_after_loop

    also_run_this = BashOperator(
        task_id="also_run_this",
        bash_command='echo "interval {{ data_interval_start }} to {{ data_interval_end }}"',
    )

    this_will_skip = BashOperator(
        task_id="this_will_skip",
        bash_command='echo "{{ params.example_key }}"; exit 99;',
    )

    run_this_last = EmptyOperator(task_id="run_this_last")

    [run_after_loop, also_run_this, this_will_skip] >> run_this_last
