terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.25"
    }
    datadog = {
      source  = "DataDog/datadog"
      version = "~> 3.82"
    }
    random = {
      source  = "hashicorp/random"
      version = "~> 3.7"
    }
  }

  # Bucket, key and region come from backend.hcl: terraform init -backend-config=backend.hcl
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]

  default_tags {
    tags = {
      place       = local.name
      environment = local.environment
      managed-by  = "terraform"
    }
  }
}

# Its keys come from DD_API_KEY and DD_APP_KEY; without Datadog nothing is asked.
provider "datadog" {
  api_url  = var.datadog == null ? null : "https://api.${var.datadog.site}/"
  validate = var.datadog == null ? "false" : "true"
}
