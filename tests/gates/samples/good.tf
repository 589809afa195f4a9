variable "people" {
  type    = list(string)
  default = ["10.0.0.0/8"]
}

variable "image" {
  type    = string
  default = "registry/mlflow@sha256:5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed"
}

locals {
  github = "token.actions.githubusercontent.com"
  logs_policy = { for name in ["logs"] : name => [{
    Sid       = "TlsOnly"
    Effect    = "Deny"
    Principal = "*"
    Action    = "s3:*"
    Resource  = ["arn:aws:s3:::${name}", "arn:aws:s3:::${name}/*"]
    Condition = { Bool = { "aws:SecureTransport" = "false" } }
  }] }
}

resource "aws_security_group" "database" {
  name        = "database"
  description = "PostgreSQL"

  ingress {
    from_port   = 5432
    to_port     = 5432
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/16"]
  }

  dynamic "ingress" {
    for_each = toset(["10.1.0.0/16"])
    content {
      from_port   = 5433
      to_port     = 5433
      protocol    = "tcp"
      cidr_blocks = [ingress.value]
    }
  }
}

resource "aws_vpc_security_group_ingress_rule" "people" {
  for_each = toset(var.people)

  security_group_id = aws_security_group.database.id
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 8443
  to_port           = 8443
}

resource "aws_vpc_security_group_egress_rule" "out" {
  security_group_id = aws_security_group.database.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}

resource "aws_lb" "door" {
  name     = "door"
  internal = true
}

resource "aws_eks_cluster" "this" {
  name = "nights"

  vpc_config {
    endpoint_public_access = false
  }
}

resource "aws_s3_bucket" "lake" {
  bucket = "lake"
}

resource "aws_s3_bucket_policy" "lake" {
  bucket = aws_s3_bucket.lake.id
  policy = data.aws_iam_policy_document.tls.json
}

data "aws_iam_policy_document" "tls" {
  statement {
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.lake.arn, "${aws_s3_bucket.lake.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket" "logs" {
  bucket = "logs"
}

resource "aws_s3_bucket_policy" "logs" {
  bucket = aws_s3_bucket.logs.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.logs_policy["logs"] })
}

resource "aws_iam_role" "ci" {
  name = "ci"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Federated = "arn:aws:iam::1:oidc-provider/token.actions.githubusercontent.com" }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = { StringEquals = {
        "${local.github}:aud" = "sts.amazonaws.com"
        "${local.github}:sub" = "repo:owner/nightlabel:environment:prod"
      } }
    }]
  })
}

data "aws_iam_policy_document" "pod" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = ["arn:aws:iam::1:oidc-provider/oidc.eks"]
    }

    condition {
      test     = "StringEquals"
      variable = "oidc.eks:aud"
      values   = ["sts.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "oidc.eks:sub"
      values   = ["system:serviceaccount:nightlabel:nightlabel-labeller"]
    }
  }
}

resource "aws_launch_template" "node" {
  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = "required"
  }
}

resource "aws_eks_node_group" "base" {
  cluster_name = aws_eks_cluster.this.name

  launch_template {
    id      = aws_launch_template.node.id
    version = aws_launch_template.node.latest_version
  }
}

resource "aws_db_instance" "mlflow" {
  identifier          = "mlflow"
  publicly_accessible = false
}

resource "aws_ecr_repository" "label" {
  name                 = "label"
  image_tag_mutability = "IMMUTABLE"
}

resource "aws_ecs_task_definition" "mlflow" {
  family = "mlflow"
  container_definitions = jsonencode([{
    name       = "mlflow"
    image      = var.image
    privileged = false
  }])
}
