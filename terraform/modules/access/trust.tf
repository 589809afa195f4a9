# Who a role is for: a pod by the exact name of its account, or people and machines that are named.

locals {
  cluster = "arn:aws:eks:${var.region}:${var.account_id}:cluster/${var.name}"

  pods = { for role, account in local.accounts : role => [{
    Sid       = "Pods"
    Effect    = "Allow"
    Principal = { Service = "pods.eks.amazonaws.com" }
    Action    = ["sts:AssumeRole", "sts:TagSession"]
    Condition = {
      StringEquals = {
        "aws:SourceAccount"                         = var.account_id
        "aws:RequestTag/kubernetes-namespace"       = var.namespace
        "aws:RequestTag/kubernetes-service-account" = account
      }
      ArnEquals = { "aws:SourceArn" = local.cluster }
    }
  }] }

  named = { for role, arns in { launcher = var.launcher_principals, cleaner = var.cleaner_principals } :
    role => length(arns) == 0 ? [] : [{
      Sid       = "Named"
      Effect    = "Allow"
      Principal = { AWS = arns }
      Action    = "sts:AssumeRole"
    }]
  }

  trust = { for role in keys(local.reads) : role => concat(lookup(local.pods, role, []), lookup(local.named, role, [])) }
}
