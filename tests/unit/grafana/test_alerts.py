#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The alert rules of tools/grafana: each fires at its fault and at no other, each symptom of the README
has one, and docs/operations.md says what to do at each. The rules are run by Prometheus' promtool;
without it those tests are skipped (tools/build fetches it).

usage: test_alerts.py SOURCE PROMTOOL
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

PROMTOOL = sys.argv.pop(2)
SOURCE = sys.argv.pop(1)
RULES = os.path.join(SOURCE, "tools/grafana/alerts.yml")
STEPS, STEP_S = 40, 30

REASONS = ("unproven no_consent punt_no_control punt_network punt_rate dtls_stranger peer_rate stun_rate rtcp_rate "
           "forged_rate srtp_ssrc_limit srtp_auth tx_age tx_behind rtx_room stream_full not_ours ip_proto no_mbuf").split()


def read(name):
    with open(os.path.join(SOURCE, name), encoding="utf-8") as f:
        return f.read()


def alerts():
    """{name: symptom or None}; the file's own layout is relied on."""
    found = {}
    for block in read("tools/grafana/alerts.yml").split("- alert: ")[1:]:
        symptom = re.search(r'^ +symptom: "(.*)"$', block, re.MULTILINE)
        found[block.split("\n", 1)[0]] = symptom and symptom[1]
    return found


def symptoms():
    """The first column of the README's table, as plain text."""
    table = read("README.md").split("| you see | it means |\n|---|---|\n")[1].split("\n\n")[0]
    return [row.split("|")[1].strip().replace("`", "") for row in table.splitlines()]


def drop(reason):
    return f'spate_worker_drops_total{{job="spate",instance="a",worker="0",reason="{reason}"}}'


def node(name, **labels):
    all_labels = {"job": "spate", "instance": "a"} | labels
    return name + "{" + ",".join(f'{k}="{v}"' for k, v in all_labels.items()) + "}"


def grows(by):
    """By so much every 10 s."""
    return f"0+{by * STEP_S // 10}x{STEPS}"


def stays(value):
    return f"{value}x{STEPS}"


def healthy():
    """A node with viewers who come, watch and go: each series with its values."""
    still, series = f"0x{STEPS}", {}
    for reason in REASONS:
        series[drop(reason)] = still
    for name, value in (("up", 1), ("spate_dataplane_up", 1), ("spate_ready", 1), ("spate_draining", 0),
                        ("spate_loop_lag_milliseconds", 3), ("spate_dataplane_notices", 0), ("spate_mbufs", 1000),
                        ("spate_mbufs_free", 700), ("spate_dataplane_losses_total", 0), ("spate_log_lines_lost_total", 0),
                        ("spate_dataplane_log_lines_lost_total", 0)):
        series[node(name)] = f"{value}x{STEPS}"
    for table in ("transport", "producer", "consumer"):
        series[node(f"spate_dataplane_{table}s")] = f"50x{STEPS}"
        series[node(f"spate_dataplane_{table}_slots")] = f"100x{STEPS}"
    for phase in ("http", "ice", "dtls", "first_packet", "first_report"):
        for le in ("1", "2", "5", "+Inf"):
            series[node("spate_join_seconds_bucket", client="viewer", phase=phase, le=le)] = grows(10)
        series[node("spate_join_seconds_count", client="viewer", phase=phase)] = grows(10)
    series[node("spate_dtls_handshakes_total", result="ok")] = grows(10)
    series[node("spate_dtls_handshakes_total", result="failed")] = still
    series[node("spate_admission_refused_total", reason="connects")] = still
    series[node("spate_worker_overloaded", worker="0")] = still
    series[node("spate_worker_rtp_out_total", worker="0")] = grows(100000)
    series[node("spate_worker_viewer_lost_after_total", worker="0")] = grows(3000)
    series[node("spate_worker_viewer_repaired_total", worker="0")] = grows(2900)
    series[node("spate_port_link_up", device="p")] = f"1x{STEPS}"
    for name in ("rx_missed", "rx_nombuf", "rx_errors", "tx_errors"):
        series[node(f"spate_port_{name}_total", device="p")] = still
    return series


SLOW = {node("spate_join_seconds_bucket", client="viewer", phase="dtls", le=le): stays(0) for le in ("1", "2")}

# Each fault, as what differs from a healthy node, and the alerts that fire.
FAULTS = [
    ("SpateDown", {node("up"): stays(0)}),
    ("SpateDataPlaneAway", {node("spate_dataplane_up"): stays(0)}),
    ("SpateNobodyCouldJoin", {drop("punt_no_control"): grows(100)}),
    ("SpateNotReady", {node("spate_ready"): stays(0)}),
    (None, {node("spate_ready"): stays(0), node("spate_draining"): stays(1)}),
    ("SpateDataPlaneRestarted", {node("spate_dataplane_losses_total"): f"0x{STEPS - 10} 1x10"}),
    ("SpateTableNearlyFull", {node("spate_dataplane_producers"): stays(91)}),
    ("SpateLoopLags", {node("spate_loop_lag_milliseconds"): stays(600)}),
    ("SpateLogLinesLost", {node("spate_dataplane_log_lines_lost_total"): grows(1)}),
    ("SpateBadPlacement", {node("spate_dataplane_notices"): stays(2)}),
    ("SpateJoinsAreSlow", SLOW),
    ("SpateHandshakesFail", {node("spate_dtls_handshakes_total", result="failed"): grows(2)}),
    ("SpateRefuses", {node("spate_admission_refused_total", reason="connects"): grows(20)}),
    ("SpateViewersLate", {drop("tx_behind"): grows(1)}),
    ("SpateViewersLate", {drop("tx_age"): grows(1)}),
    ("SpateNoRetransmissions", {drop("rtx_room"): grows(1)}),
    ("SpateWorkerStandsStill", {drop("stream_full"): grows(1)}),
    ("SpateWorkerOverloaded", {node("spate_worker_overloaded", worker="0"): stays(1)}),
    ("SpateNoBuffers", {drop("no_mbuf"): grows(1)}),
    ("SpateNoBuffers", {node("spate_mbufs_free"): stays(90)}),
    ("SpateNoConsent", {drop("no_consent"): grows(6000)}),
    (None, {drop("no_consent"): grows(4000)}),
    ("SpateViewersLose", {node("spate_worker_viewer_repaired_total", worker="0"): grows(500)}),
    ("SpateUnproven", {drop("unproven"): grows(2000)}),
    ("SpateStrangers", {drop("punt_rate"): grows(2000)}),
    ("SpatePeerSendsTooMuch", {drop("stun_rate"): grows(20)}),
    ("SpateForgedPackets", {drop("forged_rate"): grows(1)}),
    ("SpateConfigurationsDiffer", {drop("srtp_ssrc_limit"): grows(1)}),
    ("SpateWrongKeys", {drop("srtp_auth"): grows(2000)}),
    ("SpateForeignTraffic", {drop("not_ours"): grows(20000)}),
    (None, {drop("not_ours"): grows(100)}),
    ("SpatePortDown", {node("spate_port_link_up", device="p"): stays(0)}),
    ("SpatePortMisses", {node("spate_port_rx_missed_total", device="p"): grows(1)}),
    ("SpatePortHasNoBuffers", {node("spate_port_rx_nombuf_total", device="p"): grows(1)}),
    ("SpatePortErrors", {node("spate_port_tx_errors_total", device="p"): grows(1)}),
]


def rule_test():
    """All nodes at once, because promtool takes long for each test: "a" is healthy, the others have a fault each."""
    known, series, samples = healthy(), [], []
    for i, (alert, differs) in enumerate([(None, {}), *FAULTS]):
        assert set(differs) <= set(known), set(differs) - set(known)
        name = "a" if i == 0 else f"fault-{i}"
        series += [{"series": key.replace('instance="a"', f'instance="{name}"'), "values": values}
                   for key, values in (known | differs).items()]
        if alert:
            samples.append({"labels": f'{{alertname="{alert}",instance="{name}"}}', "value": 1})
    return {"interval": f"{STEP_S}s", "input_series": series, "promql_expr_test": [
        {"expr": 'count by (alertname, instance) (ALERTS{alertstate="firing"})', "eval_time": f"{(STEPS - 1) * STEP_S}s",
         "exp_samples": samples}]}


class Alerts(unittest.TestCase):
    def promtool(self, *args):
        if not os.access(PROMTOOL, os.X_OK):
            self.skipTest("promtool is not there: tools/build fetches it")
        done = subprocess.run([PROMTOOL, *args], capture_output=True, text=True, timeout=100, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_rules_are_valid(self):
        self.promtool("check", "rules", RULES)

    def test_each_fires_at_its_fault_alone(self):
        self.assertEqual({alert for alert, _ in FAULTS if alert}, set(alerts()), "each alert has a fault here")
        with tempfile.TemporaryDirectory(prefix="spate-test-") as work:
            name = os.path.join(work, "test.json")
            with open(name, "w", encoding="utf-8") as f:
                json.dump({"rule_files": [os.path.abspath(RULES)], "evaluation_interval": f"{STEP_S}s", "tests": [rule_test()]}, f)
            self.promtool("test", "rules", name)

    def test_each_symptom_has_one(self):
        told = [symptom for symptom in alerts().values() if symptom]
        self.assertEqual(sorted(told), sorted(symptoms()))

    def test_operations_say_what_to_do_at_each(self):
        section = read("docs/operations.md").split("\n## What to do at each alert\n")[1].split("\n## ")[0]
        parts = re.split(r"^### (\w+)\n", section, flags=re.MULTILINE)
        paragraphs = dict(zip(parts[1::2], parts[2::2]))
        self.assertEqual(set(paragraphs), set(alerts()))
        for name, text in paragraphs.items():
            self.assertGreater(len(text.split()), 10, f"{name}: what should one do?")
        for name in alerts():
            self.assertIn(f"runbook: docs/operations.md#{name.lower()}\n", read("tools/grafana/alerts.yml"))


if __name__ == "__main__":
    unittest.main()
