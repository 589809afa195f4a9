# A whole place is made, with AWS and Datadog mocked: what one part needs of another is there.

mock_provider "aws" {
  source = "./tests/mocks"
}

mock_provider "datadog" {
  source = "./tests/mocks"
}

variables {
  boundary_arn        = "arn:aws:iam::123456789012:policy/nightlabel-account-dev-boundary"
  name                = "nightlabel-test"
  environment         = "dev"
  account_id          = "123456789012"
  region              = "eu-west-1"
  zones               = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
  cidr                = "10.60.0.0/16"
  nat                 = true
  endpoints           = ["ecr.api", "ecr.dkr"]
  endpoint_zones      = 1
  use_cases           = ["card_spending"]
  keep_versions_days  = 7
  inbox_writers       = []
  people_cidrs        = ["10.8.0.0/16"]
  domain              = "ml.example.com"
  certificate_arn     = "arn:aws:acm:eu-west-1:123456789012:certificate/0f9c0f6e-0000-4000-8000-000000000000"
  admin_role_arns     = ["arn:aws:iam::123456789012:role/platform"]
  launcher_principals = []
  cleaner_principals  = ["arn:aws:iam::123456789012:role/data-steward"]
  ci_subjects         = ["repo:example/nightlabel:ref:refs/heads/main"]
  reader_subjects     = ["repo:example/nightlabel:pull_request"]
  base                = { types = ["t3.large"], least = 2, most = 3 }
  labelling           = { types = ["m6i.large", "m5.large", "m6a.large"], most = 2 }
  mlflow_size         = { cpu = 1024, memory_mb = 2048 }
  database            = { class = "db.t4g.small", storage_gb = 20, multi_az = false }
  budget              = { usd = 500, emails = ["ml@example.com"] }
}

run "before_its_images" {
  assert {
    condition     = !contains(keys(output.nightlabel), "pod_image") && !contains(keys(output.nightlabel), "steps_in")
    error_message = "Without an image no pod can be started, so the steps stay where Airflow is."
  }

  assert {
    condition     = output.datadog_values == null && !contains(keys(output.nightlabel), "statsd_host")
    error_message = "A place without Datadog has nothing of it."
  }
}

run "whole" {
  variables {
    label_image    = "registry/label@sha256:0000000000000000000000000000000000000000000000000000000000000000"
    training_image = "registry/train@sha256:0000000000000000000000000000000000000000000000000000000000000000"
    airflow_image  = "registry/airflow@sha256:0000000000000000000000000000000000000000000000000000000000000000"
    datadog        = { site = "datadoghq.eu", urgent = "@pagerduty", calm = "@slack", slo_percent = 99, deadline_seconds = 1800, quarantined_share = 0.05 }
  }

  assert {
    condition     = output.nightlabel.lake == "s3://nightlabel-test-123456789012-lake/lake" && output.nightlabel.s3_region == "eu-west-1"
    error_message = "The lake is the bucket of this place."
  }

  assert {
    condition     = output.nightlabel.steps_in == "eks" && output.nightlabel.eks_cluster == "nightlabel-test"
    error_message = "The steps run in the cluster of this place."
  }

  assert {
    condition     = output.nightlabel.tracking_uri == "https://mlflow.ml.example.com" && output.nightlabel.evidently_url == "https://drift.ml.example.com"
    error_message = "The pages are behind the entrance."
  }

  assert {
    condition     = output.nightlabel.statsd_host == "datadog-agent.datadog.svc.cluster.local"
    error_message = "Metrics go to the agent that the Helm values name."
  }

  assert {
    condition     = yamldecode(output.datadog_values).agents.localService.overrideName == split(".", output.nightlabel.statsd_host)[0]
    error_message = "The agent's service is called as nightlabel is told."
  }

  assert {
    condition     = toset(keys(output.roles)) == toset(["ci", "cleaner", "labeller", "launcher", "planner", "publisher", "reader", "trainer"])
    error_message = "One role for each thing that is done."
  }
}

run "prod_is_protected" {
  command = plan

  variables {
    environment = "prod"
  }

  assert {
    condition     = local.protection
    error_message = "In prod, what holds data refuses to be deleted."
  }
}
