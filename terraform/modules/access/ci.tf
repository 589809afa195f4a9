# GitHub's runners: `ci` pushes images, `reader` reproduces what a proposal claims. Each comes by subjects that are
# named to the letter, and does no more.

locals {
  github   = "token.actions.githubusercontent.com"
  provider = var.github_provider_arn == "" ? aws_iam_openid_connect_provider.github["new"].arn : var.github_provider_arn
}

resource "aws_iam_openid_connect_provider" "github" {
  for_each = var.github_provider_arn == "" ? toset(["new"]) : toset([])

  url            = "https://${local.github}"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "ci" {
  name                 = "${var.name}-ci"
  permissions_boundary = var.boundary_arn
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "NamedSubjects"
      Effect    = "Allow"
      Principal = { Federated = local.provider }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = { StringEquals = {
        "${local.github}:aud" = "sts.amazonaws.com"
        "${local.github}:sub" = var.ci_subjects
      } }
    }]
  })
}

resource "aws_iam_role_policy" "ci" {
  name = "push-images"
  role = aws_iam_role.ci.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "SignInToTheRegistry"
        Effect   = "Allow"
        Action   = "ecr:GetAuthorizationToken"
        Resource = "*"
      },
      {
        Sid    = "PushImages"
        Effect = "Allow"
        Action = [
          "ecr:BatchCheckLayerAvailability",
          "ecr:BatchGetImage",
          "ecr:CompleteLayerUpload",
          "ecr:DescribeImageScanFindings",
          "ecr:DescribeImages",
          "ecr:InitiateLayerUpload",
          "ecr:PutImage",
          "ecr:UploadLayerPart",
        ]
        Resource = [for image in sort(var.images) : "arn:aws:ecr:${var.region}:${var.account_id}:repository/${var.name}/${image}"]
      },
    ]
  })
}

resource "aws_iam_role" "reader" {
  name                 = "${var.name}-reader"
  permissions_boundary = var.boundary_arn
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "NamedSubjects"
      Effect    = "Allow"
      Principal = { Federated = local.provider }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = { StringEquals = {
        "${local.github}:aud" = "sts.amazonaws.com"
        "${local.github}:sub" = var.reader_subjects
      } }
    }]
  })
}

resource "aws_iam_role_policy" "reader" {
  name = "lake"
  role = aws_iam_role.reader.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      local.look,
      {
        Sid      = "Read"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = concat(["${local.objects}/dvc/*"], [for use_case in sort(var.use_cases) : "${local.objects}/${use_case}/experiments/*"])
      },
    ]
  })
}
