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
}
